"""How shards are given out, with workers that fail as a test tells them."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

import pytest

from commands import records
from splitdet.cluster.crew import Ended
from splitdet.cluster.inputs import Kind, Shard
from splitdet.cluster.ledger import Done
from splitdet.cluster.run import ClusterJob, run_on_cluster
from splitdet.config import make_config
from splitdet.errors import ConfigError, ExtraError, SinkError, StageError
from splitdet.sources.base import Skipped
from web_receiver import free_port

Work = Callable[[Shard, int], Ended]


def works(shard: Shard, attempt: int) -> Ended:
    """Does what it is there for."""
    return Ended(shard, Done("", len(shard.items), []), None)


class FakeCrew:
    """One worker with room for two shards. Where `work` says that it died, the other one waits again."""

    def __init__(self, folder: Path, work: Work) -> None:
        self._folder = folder
        self._work = work
        self._shards: Deque[Shard] = deque()
        self.attempts: Dict[int, int] = {}
        self.is_open = True
        self.most_waiting = 0

    def give(self, shard: Shard) -> bool:
        """See `Crew.give`."""
        if len(self._shards) == 2:
            return False
        self._shards.append(shard)
        self.most_waiting = max(self.most_waiting, len(self._shards))
        return True

    @property
    def is_busy(self) -> bool:
        """See `Crew.is_busy`."""
        return bool(self._shards)

    def wait(self) -> Optional[Ended]:
        """See `Crew.wait`."""
        shard = self._shards.popleft()
        attempt = self.attempts[shard.number] = self.attempts.get(shard.number, 0) + 1
        ended = self._work(shard, attempt)
        if ended.done is None:
            others, self._shards = tuple(self._shards), deque()
            return ended._replace(waiting=others)
        file = f"{shard.name}.jsonl"
        (self._folder / file).write_text("\n".join(shard.items))
        return ended._replace(done=ended.done._replace(file=file))

    def close(self) -> None:
        """See `Crew.close`."""
        self.is_open = False


@pytest.fixture(autouse=True)
def _new_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Ray itself needs it."""
    monkeypatch.setattr("splitdet.cluster.run._OLDEST_PYTHON", (3, 7))


def run(
    folder: Path, work: Work, inputs: str = "", address: str = "auto", **settings: Any
) -> Tuple[int, FakeCrew]:
    """Seven pictures in shards of two, or other inputs, by a model that nobody looks at."""
    out, model = folder / "out", folder / "graph.pb"
    model.touch()
    crew = FakeCrew(out, work)
    (folder / "list.txt").write_text("".join(f"{number}.jpg\n" for number in range(7)))
    values = {"model_path": str(model), "cluster": {"images": 2, "streams": 1}, **settings}
    sources = [inputs or str(folder / "list.txt")]
    job = ClusterJob(make_config(**values), sources, str(out), address)
    try:
        return run_on_cluster(job, hire=lambda *unused: crew), crew
    finally:
        assert not crew.is_open or not crew.attempts


def pictures(folder: Path) -> List[str]:
    """Those that are in the results, in order."""
    files = sorted((folder / "out").glob("part-*.jsonl"))
    return [line for file in files for line in file.read_text().splitlines()]


ALL = [f"{number}.jpg" for number in range(7)]


def dies(*numbers: int, times: int = 1) -> Work:
    """The worker dies of these shards, so many times."""

    def work(shard: Shard, attempt: int) -> Ended:
        if shard.number in numbers and attempt <= times:
            return Ended(shard, None, StageError("worker 0 was lost"), died=True)
        return works(shard, attempt)

    return work


def test_every_shard_is_done_once_and_few_wait(tmp_path: Path) -> None:
    code, crew = run(tmp_path, works)
    assert (code, pictures(tmp_path)) == (0, ALL)
    assert crew.attempts == {0: 1, 1: 1, 2: 1, 3: 1}
    assert crew.most_waiting == 2


def test_the_same_command_again_does_nothing(tmp_path: Path) -> None:
    run(tmp_path, works)
    code, crew = run(tmp_path, works)
    assert (code, crew.attempts) == (0, {})


def test_a_shard_whose_worker_dies_goes_to_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code, crew = run(tmp_path, dies(1, times=2))
    assert (code, pictures(tmp_path)) == (0, ALL)
    assert crew.attempts == {0: 1, 1: 3, 2: 1, 3: 1}  # who only waited behind it is not blamed
    assert caplog.messages == ["worker 0 was lost; part-000001 goes to another worker"] * 2


def test_a_shard_of_which_three_workers_die_is_left_out_and_the_rest_done(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"^not done: part-000001 \(worker 0 was lost\); the same"):
        run(tmp_path, dies(1, times=3))
    assert pictures(tmp_path) == ALL[:2] + ALL[4:]
    assert run(tmp_path, works)[1].attempts == {1: 1}
    assert pictures(tmp_path) == ALL


def test_a_run_in_which_all_fails_ends(tmp_path: Path) -> None:
    many = tmp_path / "many.txt"
    many.write_text("".join(f"{number}.jpg\n" for number in range(50)))
    with pytest.raises(StageError, match=r"^10 shards have failed, the last with: worker 0 was lost$"):
        run(tmp_path, dies(*range(50), times=3), cluster={"images": 1}, inputs=str(many))


def test_an_error_that_no_other_worker_mends_ends_the_run_and_keeps_what_is_done(tmp_path: Path) -> None:
    def work(shard: Shard, attempt: int) -> Ended:
        if shard.number == 2:
            raise SinkError("the disk is full")
        return works(shard, attempt)

    with pytest.raises(SinkError, match="the disk is full"):
        run(tmp_path, work)
    assert run(tmp_path, works)[1].attempts == {2: 1, 3: 1}
    assert pictures(tmp_path) == ALL


def test_a_stream_outlives_any_number_of_workers(tmp_path: Path) -> None:
    code, crew = run(tmp_path, dies(0, times=20), inputs="rtsp://host/live")
    assert (code, crew.attempts) == (0, {0: 21})


def test_a_stream_is_never_noted_as_done(tmp_path: Path) -> None:
    run(tmp_path, works, inputs="rtsp://host/live")
    assert run(tmp_path, works, inputs="rtsp://host/live")[1].attempts == {0: 1}


def test_what_could_not_be_read_is_told_listed_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    def work(shard: Shard, attempt: int) -> Ended:
        skipped = [Skipped("3.jpg", "not a readable picture")] if shard.number == 1 else []
        return Ended(shard, Done("", len(shard.items) - len(skipped), skipped), None)

    assert run(tmp_path, work)[0] == 3
    assert caplog.messages == ["3.jpg: not a readable picture; skipped"]
    assert "frames      6 out; skipped: 1, see skipped.jsonl" in capsys.readouterr().out
    assert run(tmp_path, works)[0] == 3  # that is still so when nothing is left to do


def test_what_could_not_be_read_of_a_stream_is_listed_too(tmp_path: Path, capsys: Any) -> None:
    def work(shard: Shard, attempt: int) -> Ended:
        return Ended(shard, Done("", 5, [Skipped("rtsp://host/live", "gone for 9.0 s")]), None)

    assert run(tmp_path, work, inputs="rtsp://host/live")[0] == 3
    assert "skipped: 1, see skipped.jsonl" in capsys.readouterr().out
    listed = records(tmp_path / "out" / "skipped.jsonl")
    assert listed == [{"where": "rtsp://host/live", "reason": "gone for 9.0 s"}]


def test_what_a_killed_worker_left_behind_is_removed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "part-000000.jsonl.0123abcd.part").touch()
    run(tmp_path, works)
    assert not list((tmp_path / "out").glob("*.part"))


@pytest.mark.parametrize(("key", "value"), [("max_frames", 3), ("web", 8080)])
def test_what_a_cluster_does_not_do_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"^{key} is not for --cluster; leave it out$"):
        run(tmp_path, works, **{key: value})


@pytest.mark.parametrize(("key", "value"), [("stride", 5), ("loop", 1)])
def test_pictures_that_are_not_to_be_played_as_they_are_are_refused(
    tmp_path: Path, key: str, value: int
) -> None:
    (tmp_path / "both.txt").write_text("a.mp4\nb.jpg\n")
    message = rf"^playback\.{key} is not for pictures with --cluster, as b\.jpg is one; leave it out, "
    with pytest.raises(ConfigError, match=message):
        run(tmp_path, works, inputs=str(tmp_path / "both.txt"), playback={key: value})
    assert not (tmp_path / "out").exists()


def test_videos_and_streams_are_played_as_they_are_to_be(tmp_path: Path) -> None:
    (tmp_path / "both.txt").write_text("a.mp4\nrtsp://host/live\n")
    code, crew = run(tmp_path, works, inputs=str(tmp_path / "both.txt"), playback={"stride": 5})
    assert (code, crew.attempts) == (0, {0: 1, 1: 1})


def test_an_old_python_is_told_which_one_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitdet.cluster.run._OLDEST_PYTHON", (99, 0))
    with pytest.raises(ExtraError, match=r"^--cluster needs Python 3.9 or newer, as Ray does$"):
        run(tmp_path, works)


def test_without_a_cluster_at_the_address_no_folder_is_made(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(ConfigError, match=f"^--cluster {address}: "):
        run(tmp_path, works, address=address)
    assert not (tmp_path / "out").exists()


def test_kinds_of_shards_name_their_files() -> None:
    names = [Shard(7, kind, ("a",)).name for kind in Kind]
    assert names == ["part-000007", "video-000007", "stream-000007"]
