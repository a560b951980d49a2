"""Results as a video, read back with OpenCV and ffprobe."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, List
from unittest import mock

import cv2
import numpy as np
import pytest

from fakes import Clock
from results import FOUND, PICTURE, frame
from splitdet.errors import SinkError
from splitdet.sinks import files, video
from splitdet.sinks.raw import RawSink
from splitdet.sinks.video import VideoSink, default_movie_path
from splitdet.types import Detections

needs_ffprobe = pytest.mark.skipif(not shutil.which("ffprobe"), reason="there is no ffprobe")


def _greys(path: Path) -> List[float]:
    """Mean of every picture in a video."""
    capture = cv2.VideoCapture(str(path))
    pictures = [picture for _, picture in iter(capture.read, (False, None))]
    capture.release()
    return [float(picture.mean()) for picture in pictures]


def _write_greys(sink: VideoSink, times_s: List[float]) -> None:
    """Frame n is grey with the value 20 n."""
    for index, time_s in enumerate(times_s):
        picture = np.full((48, 64, 3), 20 * index, np.uint8)
        sink.write(frame(index, time_s=time_s), Detections.none(), picture)
    sink.close()


@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv", ".mov", ".webm"])
def test_a_video_holds_every_picture_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / ("out" + suffix)
    _write_greys(VideoSink(str(path), 10.0, live=False), [0.0, 0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(_greys(path), [0, 20, 40, 60, 80], atol=4)


def probed(path: Path) -> Dict[str, Any]:
    """What ffprobe finds in a video when it decodes all of it."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-of", "json"]
    command += ["-show_entries", "stream=codec_name,nb_read_frames,r_frame_rate:format=duration"]
    content = json.loads(subprocess.check_output([*command, str(path)]))
    return {**content["streams"][0], **content["format"]}


@needs_ffprobe
@pytest.mark.parametrize("rate", [12.5, 25.0, 30000 / 1001, 24000 / 1001, 7.3])
@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv", ".mov", ".webm"])
def test_another_reader_counts_the_same_frames_and_seconds(
    tmp_path: Path, suffix: str, rate: float
) -> None:
    path = tmp_path / ("out" + suffix)
    _write_greys(VideoSink(str(path), rate, live=False), [n / rate for n in range(13)])
    found = probed(path)
    assert int(found["nb_read_frames"]) == 13
    assert float(found["duration"]) == pytest.approx(13 / rate, abs=0.002)


@needs_ffprobe
@pytest.mark.parametrize(
    ("suffix", "codec", "name"),
    [
        (".avi", "auto", "mjpeg"),
        (".avi", "xvid", "mpeg4"),
        (".avi", "ffv1", "ffv1"),
        (".mp4", "auto", "mpeg4"),
        (".mp4", "vp9", "vp9"),
        (".mp4", "mjpg", "mjpeg"),
        (".mkv", "ffv1", "ffv1"),
        (".webm", "auto", "vp8"),
        (".webm", "vp9", "vp9"),
    ],
)
def test_a_video_is_written_by_the_codec_that_was_asked_for(
    tmp_path: Path, suffix: str, codec: str, name: str
) -> None:
    path = tmp_path / ("out" + suffix)
    _write_greys(VideoSink(str(path), 10.0, live=False, codec=codec), [0.0, 0.1])
    assert probed(path)["codec_name"] == name


def test_a_codec_that_the_kind_of_file_cannot_hold_is_one_line(tmp_path: Path) -> None:
    sink = VideoSink(str(tmp_path / "out.webm"), 10.0, live=False, codec="mjpg")
    with pytest.raises(SinkError, match=r"out\.webm: cannot be written.* mjpg encoder for \.webm"):
        sink.write(frame(), FOUND, PICTURE)


def test_a_lossless_codec_keeps_every_pixel(tmp_path: Path) -> None:
    sink = VideoSink(str(tmp_path / "out.mkv"), 10.0, live=False, codec="ffv1")
    sink.write(frame(), FOUND, PICTURE)
    sink.close()
    capture = cv2.VideoCapture(str(tmp_path / "out.mkv"))
    np.testing.assert_array_equal(capture.read()[1], PICTURE)
    capture.release()


def test_a_raw_video_holds_the_frames_and_not_what_was_drawn(tmp_path: Path) -> None:
    sink = RawSink(VideoSink(str(tmp_path / "raw.avi"), 10.0, live=False))
    assert not sink.wants_picture()
    sink.write(frame(), FOUND, np.full((48, 64, 3), 255, np.uint8))
    sink.close()
    np.testing.assert_allclose(_greys(tmp_path / "raw.avi"), [0], atol=4)


def test_a_video_has_the_rate_and_the_size_of_its_source(tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    _write_greys(VideoSink(str(path), 12.5, live=False), [0.0, 0.08])
    capture = cv2.VideoCapture(str(path))
    figures = [cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT]
    assert [capture.get(figure) for figure in figures] == [12.5, 64, 48]
    capture.release()


@pytest.mark.parametrize(
    ("times_s", "greys"),
    [
        pytest.param([5.0, 5.1, 5.2], [0, 20, 40], id="in time"),
        pytest.param([0.0, 0.3, 0.4], [0, 20, 20, 20, 40], id="a pause is filled"),
        pytest.param([0.0, 0.02, 0.1], [0, 40], id="a hurry is thinned out"),
    ],
)
def test_a_live_video_plays_as_fast_as_things_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times_s: List[float], greys: List[float]
) -> None:
    monkeypatch.setattr(video, "time", Clock())  # writing takes no time
    path = tmp_path / "out.avi"
    _write_greys(VideoSink(str(path), 10.0, live=True), times_s)
    np.testing.assert_allclose(_greys(path), greys, atol=4)


def test_an_encoder_that_is_slow_keeps_no_frame_for_longer_than_a_period(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, took_s, written = Clock(), 0.04, []

    class Encoder:
        def isOpened(self) -> bool:
            return True

        def write(self, picture: np.ndarray) -> None:
            clock.now_s += took_s
            written.append(picture)

    monkeypatch.setattr(video, "time", clock)
    monkeypatch.setattr(cv2, "VideoWriter", mock.Mock(side_effect=lambda *unused: Encoder()))
    monkeypatch.setattr(cv2.VideoWriter, "fourcc", lambda *unused: 0)
    sink = VideoSink(str(tmp_path / "out.avi"), 10.0, live=True)
    counts = []
    for time_s in (0.0, 60.0, 60.1):  # there was a gap of a minute
        sink.write(dataclasses.replace(frame(), time_s=time_s), FOUND, PICTURE)
        counts.append(len(written))
    assert counts == [1, 1 + 3, 1 + 3 + 3]  # three in a tenth of a second
    took_s = 0.0
    sink.write(dataclasses.replace(frame(), time_s=60.2), FOUND, PICTURE)
    assert len(written) == 603  # what was left out is made up for


def test_the_folder_of_a_video_is_made(tmp_path: Path) -> None:
    _write_greys(VideoSink(str(tmp_path / "a" / "b" / "out.avi"), 10.0, live=False), [0.0])
    assert (tmp_path / "a" / "b" / "out.avi").is_file()


def test_a_video_without_a_picture_leaves_no_file(tmp_path: Path) -> None:
    VideoSink(str(tmp_path / "out.avi"), 10.0, live=False).close()
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_opencv_would_write_beyond_its_memory_are_refused(tmp_path: Path) -> None:
    sink = VideoSink(str(tmp_path / "tiny.avi"), 10.0, live=False)
    with pytest.raises(SinkError, match="16x16 pixels or more, and these are 4x4; write pictures"):
        sink.write(frame(size=(4, 4)), Detections.none(), np.zeros((4, 4, 3), np.uint8))


def test_a_change_of_size_is_an_error(tmp_path: Path) -> None:
    sink = VideoSink(str(tmp_path / "out.avi"), 10.0, live=False)
    sink.write(frame(), FOUND, PICTURE)
    with pytest.raises(SinkError, match="changed its size from 64x48 to 32x24"):
        sink.write(frame(size=(24, 32)), FOUND, PICTURE[:24, :32])
    sink.close()


@pytest.mark.parametrize("name", ["out.gif", "out", "out.png"])
def test_a_video_of_an_unknown_kind_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match=r"expects a video file \(\.avi \.mp4 \.mkv \.mov \.webm\)"):
        VideoSink(str(tmp_path / name), 10.0, live=False)


def test_a_name_on_which_opencv_crashes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="OpenCV takes no name that is not UTF-8; give it another"):
        VideoSink(str(tmp_path / os.fsdecode(b"caf\xe9.mp4")), 10.0, live=False)


@pytest.mark.parametrize("full_after", [0, 1], ids=["at its first picture", "at its end"])
def test_a_full_disk_is_an_error_although_opencv_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_after: int
) -> None:
    asked: List[str] = []

    def probe(dir: str, **_: Any) -> Any:
        asked.append(dir)
        if len(asked) > full_after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return tempfile.TemporaryFile()

    monkeypatch.setattr(files, "TemporaryFile", probe)
    with pytest.raises(SinkError, match=r"out\.avi: No space left on device; its end is missing"):
        _write_greys(VideoSink(str(tmp_path / "out.avi"), 10.0, live=False), [0.0, 0.1])
    assert asked == [str(tmp_path)] * (full_after + 1)


def test_a_video_in_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out.avi").mkdir()
    sink = VideoSink(str(tmp_path / "out.avi"), 10.0, live=False)
    with pytest.raises(SinkError, match=r"out\.avi: cannot be written"):
        sink.write(frame(), FOUND, PICTURE)


def test_the_usual_name_of_a_video_is_never_taken_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("splitdet.sinks.video.time.time", lambda: 1700000000.9)
    (tmp_path / "output_movie").mkdir()
    taken = []
    for _ in range(3):
        taken.append(default_movie_path())
        Path(taken[-1]).touch()
    stem = os.path.join("output_movie", "output_1700000000")
    assert taken == [stem + ".avi", stem + "_1.avi", stem + "_2.avi"]
