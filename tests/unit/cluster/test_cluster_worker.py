"""What a worker makes of a shard, in this process. Workers on a cluster: see test_cluster.py."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands import records
from fakes import FakeDetector, takes
from picture_files import random_pictures, write_pictures
from splitdet.cluster.inputs import Kind, Shard
from splitdet.cluster.manifest import FILE, manifest_of, run_digest, settle
from splitdet.cluster.worker import ShardWorker
from splitdet.config import make_config
from splitdet.errors import ConfigError, SourceError, StageError
from splitdet.sources.base import Skipped, Source


@pytest.fixture(name="worker")
def _worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShardWorker:
    """One that has not loaded its model."""
    monkeypatch.chdir(tmp_path)  # and back again, as it goes elsewhere
    (tmp_path / "graph.pb").write_bytes(b"a graph")
    (tmp_path / "out").mkdir()
    config = make_config(model_path="graph.pb", max_frames=1)
    settle(tmp_path / "out", manifest_of(config, ["in"]))
    digest = run_digest(tmp_path / "out")
    return ShardWorker(config, str(tmp_path), str(tmp_path / "out"), digest, cpus=1, gpu=False)


def test_a_machine_without_the_working_folder_is_named(worker: ShardWorker) -> None:
    worker._place = "/no/such/folder"
    with pytest.raises(ConfigError, match=r": /no/such/folder: .*; all machines need the same files"):
        worker.open()


def test_a_machine_that_sees_another_folder_of_results_is_named(
    worker: ShardWorker, tmp_path: Path
) -> None:
    (tmp_path / "out" / FILE).unlink()
    with pytest.raises(ConfigError, match=r"does not see the same .*; it must lie on storage that all"):
        worker.open()


def test_a_machine_with_another_model_is_named(worker: ShardWorker, tmp_path: Path) -> None:
    (tmp_path / "graph.pb").write_bytes(b"another graph")
    with pytest.raises(ConfigError, match=re.escape("graph.pb is another file than on the machine")):
        worker.open()


def made_by(worker: ShardWorker, detector: FakeDetector, *items: str, kind: Kind = Kind.PICTURES) -> Any:
    worker._detector = detector
    return worker.make(Shard(3, kind, items, 70))


def test_pictures_that_cannot_be_read_are_told_of_and_the_others_done(
    worker: ShardWorker, tmp_path: Path
) -> None:
    folder = write_pictures(tmp_path / "in", random_pictures(3))
    paths = [str(folder / name) for name in ("00.png", "gone.png", "02.png")]
    done = made_by(worker, FakeDetector(), *paths)
    assert (done.file, done.frames) == ("part-000003.jsonl", 2)
    assert [piece.where for piece in done.skipped] == paths[1:2]
    found = [(record["source"], record["frame"]) for record in records(tmp_path / "out" / done.file)]
    assert found == [(paths[0], 70), (paths[2], 71)]


def with_policy(worker: ShardWorker, policy: str, **steps: Any) -> FakeDetector:
    """A detector with the settings of the worker, which get this policy."""
    worker._config = replace(worker._config, policy=policy)
    return FakeDetector(steps, config=worker._config)


@pytest.mark.parametrize("kind", [Kind.PICTURES, Kind.VIDEO])
def test_no_frame_of_a_file_is_dropped_whatever_the_policy(
    worker: ShardWorker, tmp_path: Path, kind: Kind
) -> None:
    folder = write_pictures(tmp_path / "in", random_pictures(30))
    names = sorted(str(path) for path in folder.iterdir())
    items = names if kind is Kind.PICTURES else ["synthetic:30"]
    done = made_by(worker, with_policy(worker, "latest", cpu=takes(5)), *items, kind=kind)
    assert (done.frames, done.skipped) == (30, [])


@pytest.mark.parametrize("policy", ["latest", "lossless"])
def test_streams_have_the_policy_that_was_set(worker: ShardWorker, tmp_path: Path, policy: str) -> None:
    detector = with_policy(worker, policy)
    made_by(worker, detector, *map(str, write_pictures(tmp_path / "in", random_pictures(1)).iterdir()))
    made_by(worker, detector, "synthetic:5", kind=Kind.STREAMS)
    assert detector.config.policy == policy


def test_a_video_that_is_none_is_told_of(worker: ShardWorker, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    done = made_by(worker, FakeDetector(), "a.mp4", kind=Kind.VIDEO)
    assert (done.file, done.frames, len(done.skipped)) == ("video-000003.jsonl", 0, 1)
    assert done.skipped[0].reason.startswith("a.mp4: OpenCV cannot open this as a video")
    assert records(tmp_path / "out" / done.file) == []


def test_a_stream_that_is_gone_is_told_of_without_its_password(
    worker: ShardWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*unused: Any, **unused_too: Any) -> Source:
        raise SourceError("gone for 9.0 s")

    monkeypatch.setattr("splitdet.cluster.worker.open_source", gone)
    done = made_by(worker, FakeDetector(), "rtsp://me:secret@host/live", kind=Kind.STREAMS)
    assert done.skipped == [Skipped("rtsp://host/live", "gone for 9.0 s")]


def test_a_shard_that_fails_leaves_nothing(worker: ShardWorker, tmp_path: Path) -> None:
    def fail(index: int) -> None:
        raise RuntimeError("broken on purpose")

    with pytest.raises(StageError, match="broken on purpose"):
        made_by(worker, FakeDetector({"cpu": fail}), "synthetic:5", kind=Kind.VIDEO)
    assert os.listdir(str(tmp_path / "out")) == [FILE]


def test_a_stream_that_is_begun_again_keeps_what_it_gave_before(
    worker: ShardWorker, tmp_path: Path
) -> None:
    files = [made_by(worker, FakeDetector(), "synthetic:5", kind=Kind.STREAMS).file for _ in range(2)]
    assert files == ["stream-000003.jsonl", "stream-000003_1.jsonl"]
    assert [len(records(tmp_path / "out" / file)) for file in files] == [5, 5]
