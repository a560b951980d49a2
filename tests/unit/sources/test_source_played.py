"""From where to where a source is played, how often, how fast."""

from __future__ import annotations

import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, List, Optional

import cv2
import numpy as np
import pytest

from fakes import Clock, FakeDetector, FakeSource, takes
from splitdet.assemble import assemble
from splitdet.config import make_config
from splitdet.config.streams import Playback
from splitdet.errors import SourceError
from splitdet.sources.played import PlayedSource
from splitdet.sources.video import VideoSource
from splitdet.types import Frame

FRAMES, RATE = 20, 10.0


@pytest.fixture(name="clip_file", scope="module")
def _clip_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Frame n is grey with the value 10 n."""
    path = str(tmp_path_factory.mktemp("clip") / "clip.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), RATE, (64, 48))
    for index in range(FRAMES):
        writer.write(np.full((48, 64, 3), 10 * index, np.uint8))
    writer.release()
    return path


def played(path: str, **options: Any) -> PlayedSource:
    """The clip with these options."""
    return PlayedSource(lambda: VideoSource(path), Playback(**options))


def numbers(source: PlayedSource) -> List[int]:
    """Which frames of the clip it gives, read from their pixels."""
    found = [round(float(frame.image.mean()) / 10) for frame in iter(source.read, None)]
    source.close()
    return found


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, list(range(20))),
        ({"stride": 3}, [0, 3, 6, 9, 12, 15, 18]),
        ({"stride": 50}, [0]),
        ({"start_s": 1.5}, [15, 16, 17, 18, 19]),
        ({"start_s": 1.45}, [15, 16, 17, 18, 19]),
        ({"stop_s": 0.5}, [0, 1, 2, 3, 4]),
        ({"start_s": 0.5, "stop_s": 1.1, "stride": 2}, [5, 7, 9]),
        ({"loop": 2, "stop_s": 0.2}, [0, 1] * 3),
        ({"loop": 1, "start_s": 1.8}, [18, 19] * 2),
    ],
)
def test_the_frames_that_are_wanted_are_given(clip_file: str, options: Any, expected: List[int]) -> None:
    source = played(clip_file, **options)
    count = source.frame_count
    assert numbers(source) == expected
    assert count == len(expected)


def test_frames_are_numbered_as_they_are_given_and_keep_their_times(clip_file: str) -> None:
    frames = list(iter(played(clip_file, stride=5, start_s=0.5).read, None))
    assert [frame.index for frame in frames] == [0, 1, 2]
    np.testing.assert_allclose([frame.time_s for frame in frames], [0.5, 1.0, 1.5])


def test_times_go_on_in_the_next_pass(clip_file: str) -> None:
    frames = list(iter(played(clip_file, loop=2, stop_s=0.3).read, None))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(9) / RATE)
    assert [frame.index for frame in frames] == list(range(9))


def test_the_rate_is_that_of_the_frames_that_are_given(clip_file: str) -> None:
    source = played(clip_file, stride=4)
    assert (source.frame_rate, source.size_px) == (2.5, (48, 64))
    source.close()


def test_a_loop_for_ever_has_no_count_and_ends_when_interrupted(clip_file: str) -> None:
    source = played(clip_file, loop=-1)
    assert source.frame_count is None
    for _ in range(3 * FRAMES):
        assert source.read() is not None
    source.interrupt()
    assert source.read() is None
    source.close()


def test_a_source_without_frames_does_not_loop_for_ever() -> None:
    source = PlayedSource(lambda: FakeSource(0), Playback(loop=-1))
    assert source.read() is None


def test_the_speed_of_the_recording_is_not_exceeded(
    clip_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("splitdet.sources.played.time", clock)
    source = played(clip_file, speed="source")
    due: List[float] = []

    def wait(time_s: float) -> None:
        due.append(time_s)
        clock.now_s += 0.04  # less than a frame takes

    monkeypatch.setattr(source._interrupted, "wait", wait)
    numbers(source)
    np.testing.assert_allclose(due, np.arange(FRAMES + 1) * (1 / RATE - 0.04))


def test_as_fast_as_possible_never_waits(clip_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = played(clip_file)
    monkeypatch.setattr(source._interrupted, "wait", pytest.fail)
    assert len(numbers(source)) == FRAMES


def test_of_a_live_source_loop_and_speed_are_left_out() -> None:
    source = PlayedSource(lambda: FakeSource(4, rate=1000.0), Playback(loop=5, speed="source", stride=2))
    assert (source.live, source.frame_count) == (True, None)
    assert [frame.image[0, 0, 0] for frame in iter(source.read, None)] == [0, 2]


class Recording(FakeSource):
    """25 frames a second."""

    frame_rate = 25.0  # type: ignore[assignment]


def test_a_frame_that_is_due_at_the_very_start_is_given_however_floats_are_rounded() -> None:
    source = PlayedSource(lambda: Recording(60), Playback(start_s=2.2))
    assert 2.2 * 25 > 55
    assert source.frame_count == 5
    assert [frame.image[0, 0, 0] for frame in iter(source.read, None)] == [55, 56, 57, 58, 59]


class LateCamera(FakeSource):
    """Ten frames a second; the first comes after an hour, by its own account."""

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        frame = super().read()
        return None if frame is None else replace(frame, time_s=3600.0 + frame.index / 10)


def test_a_live_source_is_cut_by_the_time_since_its_first_frame() -> None:
    source = PlayedSource(lambda: LateCamera(40, rate=1000.0), Playback(start_s=0.95, stop_s=2.05))
    times = [frame.time_s for frame in iter(source.read, None)]
    source.close()
    np.testing.assert_allclose(times, 3600 + np.arange(10, 21) / 10)


def test_a_live_source_that_is_gone_when_the_time_is_up_has_ended() -> None:
    gone = threading.Event()
    camera = FakeSource(5, work=lambda index: gone.wait(20) if index == 3 else None, rate=1000.0)  # type: ignore[arg-type, return-value]
    camera.interrupt = gone.set  # type: ignore[method-assign]
    source = PlayedSource(lambda: camera, Playback(stop_s=0.5))
    frames = list(iter(source.read, None))
    source.close()
    assert gone.is_set()
    assert len(frames) in (3, 4)


@pytest.mark.parametrize(
    ("options", "live"),
    [({"start_s": 2.2}, False), ({"stride": 40}, True), ({"speed": "source", "stride": 9}, False)],
)
def test_leaving_out_many_frames_is_no_stall(options: Any, live: bool) -> None:
    """One `read` then takes longer than a stage may."""
    played = PlayedSource(
        lambda: Recording(60, work=takes(50), rate=1000.0 if live else 0.0), Playback(**options)
    )
    detector = FakeDetector(config=make_config(stall_timeout_s=1.0))
    with assemble(played, detector) as pipeline:
        assert sum(len(batch.frames) for batch in pipeline) <= 7


def test_a_folder_is_played_again(tmp_path: Path) -> None:
    from splitdet.sources.choose import open_source

    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "c.png").write_bytes(b"broken")
    source = open_source(str(tmp_path), make_config(playback={"loop": 1}))
    names = [Path(frame.source).name for frame in iter(source.read, None)]
    assert names == ["a.png", "b.png"] * 2
    assert source.keeps_files
    assert len(source.skipped) == 1


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"start_s": 99.0}, "from playback.start_s 99 s"),
        ({"start_s": 1.0, "stop_s": 0.5}, "from playback.start_s 1 to playback.stop_s 0.5 s"),
    ],
)
def test_a_part_with_nothing_in_it_is_refused(clip_file: str, options: Any, what: str) -> None:
    with pytest.raises(SourceError, match=rf"clip\.avi: there is no frame {what}$"):
        numbers(played(clip_file, **options))


@pytest.fixture(name="irregular")
def _irregular(tmp_path: Path) -> str:
    """20 frames, 25 a second, then 5, one each half a second; frame n is grey with the value 10 n."""
    av = pytest.importorskip("av")
    path = str(tmp_path / "irregular.mp4")
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.codec_context.time_base = 64, 48, Fraction(1, 100)
        for index in range(25):
            image = np.full((48, 64, 3), 10 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = (
                (4 * index if index < 20 else 80 + 50 * (index - 20)),
                Fraction(1, 100),
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


TIMES_S = [*(0.04 * index for index in range(20)), *(0.8 + 0.5 * index for index in range(5))]


def test_frames_that_do_not_come_at_one_rate_have_their_own_times(irregular: str) -> None:
    frames = list(iter(VideoSource(irregular).read, None))
    np.testing.assert_allclose([frame.time_s for frame in frames], TIMES_S, atol=0.02)


def test_parts_of_an_irregular_video_are_cut_by_its_times(irregular: str) -> None:
    frames = list(iter(played(irregular, start_s=0.7, stop_s=2.0).read, None))
    expected = [time_s for time_s in TIMES_S if 0.7 <= time_s < 2.0]
    np.testing.assert_allclose([frame.time_s for frame in frames], expected, atol=0.02)
