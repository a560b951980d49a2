"""Live streams: what can be told without a camera."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict

import cv2
import numpy as np
import pytest

from splitdet.errors import SourceError
from splitdet.sources import stream
from splitdet.sources.stream import StreamSource, is_pipeline, pixel_format, to_bgr

BLUE, GREEN, RED = 200, 90, 40
HEIGHT, WIDTH = 4, 8


def _yuv() -> np.ndarray:
    """Y, U and V of the colour above: ITU-R BT.601, studio range."""
    blue, green, red = BLUE / 255, GREEN / 255, RED / 255
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.rint(
        [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402]
    ).astype(np.uint8)


def _plane(value: int, height: int = HEIGHT) -> np.ndarray:
    return np.full((height, WIDTH), value, np.uint8)


def _interleaved(one: int, other: int, height: int) -> np.ndarray:
    return np.tile(np.array([one, other], np.uint8), (height, WIDTH // 2))


def _packed(*values: int) -> np.ndarray:
    """Two pixels of two bytes each, over and over."""
    return np.tile(np.array(values, np.uint8).reshape(2, 2), (HEIGHT, WIDTH // 2, 1))


def _pixels(*values: int) -> np.ndarray:
    return np.tile(np.array(values, np.uint8), (HEIGHT, WIDTH, 1))


Y, U, V = (int(value) for value in _yuv())
QUARTER = HEIGHT // 4
# from https://www.fourcc.org/yuv.php
LAYOUTS: Dict[str, Callable[[], np.ndarray]] = {
    "I420": lambda: np.vstack([_plane(Y), _plane(U, QUARTER), _plane(V, QUARTER)]),
    "YV12": lambda: np.vstack([_plane(Y), _plane(V, QUARTER), _plane(U, QUARTER)]),
    "NV12": lambda: np.vstack([_plane(Y), _interleaved(U, V, HEIGHT // 2)]),
    "NV21": lambda: np.vstack([_plane(Y), _interleaved(V, U, HEIGHT // 2)]),
    "YUY2": lambda: _packed(Y, U, Y, V),
    "UYVY": lambda: _packed(U, Y, V, Y),
    "BGR": lambda: _pixels(BLUE, GREEN, RED),
    "BGRX": lambda: _pixels(BLUE, GREEN, RED, 0),
    "BGRA": lambda: _pixels(BLUE, GREEN, RED, 255),
    "RGB": lambda: _pixels(RED, GREEN, BLUE),
}
UNKNOWN: Dict[str, Callable[[], np.ndarray]] = {
    "RGBA": lambda: _pixels(RED, GREEN, BLUE, 255),
    "RGBX": lambda: _pixels(RED, GREEN, BLUE, 0),
    "YVYU": lambda: _packed(Y, V, Y, U),
}


@pytest.mark.parametrize("pixels", sorted(LAYOUTS))
def test_a_format_becomes_bgr(pixels: str) -> None:
    picture = to_bgr(LAYOUTS[pixels](), pixels)
    assert picture.dtype == np.uint8
    np.testing.assert_allclose(picture, _pixels(BLUE, GREEN, RED), atol=3)


@pytest.mark.parametrize("pixels", sorted(UNKNOWN))
def test_every_format_that_opencv_hands_over_becomes_bgr(pixels: str) -> None:
    np.testing.assert_allclose(to_bgr(UNKNOWN[pixels](), pixels), _pixels(BLUE, GREEN, RED), atol=3)


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH), (HEIGHT, WIDTH, 1)])
@pytest.mark.parametrize("pixels", ["GRAY8", "BGR"])
def test_a_picture_without_colour_becomes_grey(shape: tuple, pixels: str) -> None:
    picture = to_bgr(np.full(shape, 77, np.uint8), pixels)
    np.testing.assert_array_equal(picture, np.full((HEIGHT, WIDTH, 3), 77, np.uint8))


def test_three_channels_are_what_opencv_converted_itself() -> None:
    picture = _pixels(BLUE, GREEN, RED)
    np.testing.assert_array_equal(to_bgr(picture, "NV12"), picture)


@pytest.mark.parametrize(
    ("pipeline", "pixels"),
    [
        ("videotestsrc ! appsink", "BGR"),
        ("videotestsrc ! video/x-raw, format=NV12 ! appsink", "NV12"),
        ("videotestsrc ! video/x-raw,format=(string)I420 ! appsink", "I420"),
        ("v4l2src ! video/x-raw, format = ( string ) YUY2 ! appsink", "YUY2"),
        ('videotestsrc ! appsink caps="video/x-raw, format=GRAY8"', "GRAY8"),
        ('videotestsrc ! video/x-raw, format="UYVY" ! appsink', "UYVY"),
        (
            "nvarguscamerasrc ! video/x-raw(memory:NVMM), format=(string)NV12 ! nvvidconv ! "
            "video/x-raw, format=(string)BGRx ! appsink",
            "BGRX",
        ),
    ],
)
def test_the_last_format_of_a_pipeline_counts(pipeline: str, pixels: str) -> None:
    assert pixel_format(pipeline) == pixels


@pytest.mark.parametrize(
    ("spec", "yes"),
    [
        ("videotestsrc ! appsink", True),
        ("v4l2src device=/dev/video0 ! videoconvert ! appsink drop=1", True),
        ("videotestsrc ! autovideosink", False),
        ("appsink", False),
        ("rtsp://user:pass!word@host/live", False),
        ("wow!.mp4", False),
    ],
)
def test_a_pipeline_is_told_from_an_address(spec: str, yes: bool) -> None:
    assert is_pipeline(spec) is yes


def test_a_pipeline_is_refused_by_an_opencv_without_gstreamer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "has_gstreamer", lambda: False)
    with pytest.raises(SourceError, match=r"built without GStreamer.*'videotestsrc ! appsink'"):
        StreamSource("videotestsrc ! appsink")


@pytest.mark.parametrize(("answer", "yes"), [("YES (1.20.3)", True), ("NO", False)])
def test_gstreamer_is_found_in_what_opencv_says_of_itself(
    monkeypatch: pytest.MonkeyPatch, answer: str, yes: bool
) -> None:
    text = f"  Video I/O:\n    FFMPEG:       YES\n    GStreamer:                   {answer}\n"
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: text)
    assert stream.has_gstreamer() is yes


def test_an_address_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot be opened; is the address right and reachable\?"):
        StreamSource(f"file://{tmp_path}/none.avi")


def test_a_camera_that_is_not_there_is_refused() -> None:
    with pytest.raises(SourceError, match="camera 9999: cannot be opened; is it plugged in"):
        StreamSource(9999)


def test_a_pipeline_that_does_not_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "has_gstreamer", lambda: True)
    with pytest.raises(SourceError, match=r"this pipeline does not start; try it with gst-launch-1\.0"):
        StreamSource("nosuchelement ! appsink")


def _recording(folder: Path, frames: int) -> str:
    path = folder / "clip.avi"
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), code, 10.0, (64, 48))
    for _ in range(frames):
        writer.write(np.full((48, 64, 3), 99, np.uint8))
    writer.release()
    return f"file://{path}"


def test_a_file_behind_an_address_ends_after_its_last_frame(tmp_path: Path) -> None:
    source = StreamSource(_recording(tmp_path, 5))
    assert len(list(iter(source.read, None))) == 5
    source.close()


def test_a_stream_is_live(tmp_path: Path) -> None:
    source = StreamSource(_recording(tmp_path, 1))
    assert (source.live, source.size_px, source.frame_rate) == (True, (48, 64), 10.0)
    source.close()


def test_a_stream_that_breaks_off_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = StreamSource(_recording(tmp_path, 3))
    source.read()
    source.close()  # what is left cannot be read any more, as when a plug is pulled
    with pytest.raises(SourceError, match=r"clip\.avi: gone after 1 frames"):
        source.read()
