"""Video files, whole and broken."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import cv2
import numpy as np
import pytest

from splitdet.errors import SourceError
from splitdet.sources.video import VideoSource
from splitdet.types import Frame

FRAMES, RATE = 20, 10.0
HEIGHT, WIDTH = 48, 64
CODECS = {".avi": "MJPG", ".mp4": "mp4v"}


def _video(folder: Path, suffix: str) -> Path:
    """Frame n is grey with the value 10 n."""
    path = folder / ("whole" + suffix)
    code = cv2.VideoWriter.fourcc(*CODECS[suffix])
    writer = cv2.VideoWriter(str(path), code, RATE, (WIDTH, HEIGHT))
    for index in range(FRAMES):
        writer.write(np.full((HEIGHT, WIDTH, 3), 10 * index, np.uint8))
    writer.release()
    return path


def _frames(source: VideoSource) -> List[Frame]:
    frames = list(iter(source.read, None))
    source.close()
    return frames


@pytest.mark.parametrize("suffix", sorted(CODECS))
def test_every_frame_is_read_in_order(tmp_path: Path, suffix: str) -> None:
    frames = _frames(VideoSource(str(_video(tmp_path, suffix))))
    greys = [float(frame.image.mean()) for frame in frames]
    assert len(frames) == FRAMES
    np.testing.assert_allclose(greys, 10 * np.arange(FRAMES), atol=4)


def test_frames_are_numbered_from_zero(tmp_path: Path) -> None:
    frames = _frames(VideoSource(str(_video(tmp_path, ".avi"))))
    assert [frame.index for frame in frames] == list(range(FRAMES))


def test_times_of_frames_follow_the_rate_of_the_file(tmp_path: Path) -> None:
    frames = _frames(VideoSource(str(_video(tmp_path, ".avi"))))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(FRAMES) / RATE)


@pytest.mark.parametrize("suffix", sorted(CODECS))
def test_what_the_container_says_is_passed_on(tmp_path: Path, suffix: str) -> None:
    source = VideoSource(str(_video(tmp_path, suffix)))
    assert (source.frame_count, source.frame_rate, source.size_px) == (FRAMES, RATE, (HEIGHT, WIDTH))
    source.close()


def test_a_whole_video_skips_nothing(tmp_path: Path) -> None:
    source = VideoSource(str(_video(tmp_path, ".mp4")))
    _frames(source)
    assert source.skipped == []


def test_a_file_is_not_a_live_source(tmp_path: Path) -> None:
    source = VideoSource(str(_video(tmp_path, ".avi")))
    assert not source.live
    source.close()


def _half(folder: Path) -> VideoSource:
    """A video that is cut off in its middle."""
    data = _video(folder, ".avi").read_bytes()
    middle = (data.index(b"movi") + data.rindex(b"idx1")) // 2
    (folder / "half.avi").write_bytes(data[:middle])
    return VideoSource(str(folder / "half.avi"))


def test_a_video_that_is_cut_off_counts_what_is_missing(tmp_path: Path) -> None:
    source = _half(tmp_path)
    frames = _frames(source)
    assert 0 < len(frames) < FRAMES
    assert [piece.reason for piece in source.skipped] == [f"ends after {len(frames)} of {FRAMES} frames"]


def test_a_video_that_is_cut_off_says_so_when_frames_are_left_out(tmp_path: Path) -> None:
    source = _half(tmp_path)
    count = sum(1 for _ in iter(source.skip, False))
    assert [piece.reason for piece in source.skipped] == [f"ends after {count} of {FRAMES} frames"]
    source.close()


def test_a_video_without_a_single_frame_is_refused_when_it_is_read(tmp_path: Path) -> None:
    data = _video(tmp_path, ".avi").read_bytes()
    (tmp_path / "head.avi").write_bytes(data[: data.index(b"movi") + 4])
    source = VideoSource(str(tmp_path / "head.avi"))
    with pytest.raises(SourceError, match=r"head\.avi: no frame in this video can be decoded"):
        source.read()
    source.close()


@pytest.mark.parametrize("suffix", sorted(CODECS))
@pytest.mark.parametrize("content", [b"", b"these are words\n" * 100, b"\xff" * 5000, bytes(5000)])
def test_what_is_not_a_video_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    (tmp_path / ("broken" + suffix)).write_bytes(content)
    with pytest.raises(SourceError, match=r"broken\.\w+: OpenCV cannot open this as a video"):
        VideoSource(str(tmp_path / ("broken" + suffix)))


@pytest.mark.parametrize(
    ("suffix", "part"), [(".mp4", 0.9), (".mp4", 0.5), (".mp4", 0.1), (".avi", 0.01)]
)
def test_a_video_that_lost_its_description_is_refused(tmp_path: Path, suffix: str, part: float) -> None:
    data = _video(tmp_path, suffix).read_bytes()
    (tmp_path / ("cut" + suffix)).write_bytes(data[: int(len(data) * part)])
    with pytest.raises(SourceError, match="damaged, cut off, or not a video"):
        VideoSource(str(tmp_path / ("cut" + suffix)))


def test_a_name_on_which_opencv_crashes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    path.write_bytes(b"any")
    with pytest.raises(SourceError, match="OpenCV takes no name that is not UTF-8; give it another"):
        VideoSource(str(path))


@pytest.mark.parametrize("name", ["none.mp4", "none/none.avi", "."])
def test_a_video_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        VideoSource(str(tmp_path / name))
