"""What OpenCV reads: pixel formats, and why something does not open."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import Any, List

import cv2
import numpy as np
import pytest

from chart import BARS
from places import ROOT
from splitdet.config import make_config
from splitdet.errors import SourceError
from splitdet.sources.captures import opencv
from splitdet.sources.captures.opencv import (
    OpenCVCapture,
    why_no_camera,
)
from splitdet.sources.choose import open_source


@pytest.mark.parametrize(("answer", "yes"), [("YES (1.20.3)", True), ("NO", False)])
def test_gstreamer_is_found_in_what_opencv_says_of_itself(
    monkeypatch: pytest.MonkeyPatch, answer: str, yes: bool
) -> None:
    text = f"  Video I/O:\n    FFMPEG:       YES\n    GStreamer:                   {answer}\n"
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: text)
    assert opencv.has_gstreamer() is yes


def test_an_address_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is the address right and reachable\?"):
        OpenCVCapture(f"file://{tmp_path}/none.avi", silence_s=5).open()


def test_a_camera_that_is_not_there_is_refused() -> None:
    with pytest.raises(SourceError, match=r"no /dev/video9999; is it plugged in"):
        OpenCVCapture(9999, silence_s=5).open()


def test_a_pipeline_that_does_not_start_is_refused() -> None:
    with pytest.raises(SourceError, match=r"this pipeline does not start; try it with gst-launch-1\.0"):
        OpenCVCapture("nosuchelement ! appsink", silence_s=5, is_pipeline=True).open()


def test_a_camera_without_permission_names_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "video0"
    device.write_bytes(b"")
    monkeypatch.setattr(os, "access", lambda *unused: False)
    assert "sudo usermod -aG video" in why_no_camera(str(device))


def test_a_file_that_gives_no_pictures_is_said_to_be_there(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.write_bytes(b"")
    assert why_no_camera(str(device)).startswith(f"{device} gives no pictures")


def _recording(folder: Path, frames: int) -> str:
    path = folder / "clip.avi"
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), code, 10.0, (64, 48))
    for _ in range(frames):
        writer.write(np.full((48, 64, 3), 99, np.uint8))
    writer.release()
    return f"file://{path}"


def _count(capture: OpenCVCapture) -> int:
    """Frames until the end."""
    count = 0
    while capture.read() is not None:
        count += 1
    return count


def test_a_file_behind_an_address_ends_after_its_last_frame(tmp_path: Path) -> None:
    capture = OpenCVCapture(_recording(tmp_path, 5), silence_s=5)
    capture.open()
    assert (capture.size_px, capture.frame_rate, capture.has_length) == ((48, 64), 10.0, True)
    assert _count(capture) == 5
    capture.close()


def test_a_file_that_has_fewer_frames_than_it_says_ends_as_well(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = _recording(tmp_path, 60)
    data = (tmp_path / "clip.avi").read_bytes()
    (tmp_path / "clip.avi").write_bytes(data[: (data.index(b"movi") + data.rindex(b"idx1")) // 2])
    capture = OpenCVCapture(address, silence_s=5)
    capture.open()
    count = _count(capture)
    assert 0 < count < 60
    assert f"ends after {count} of 60 frames" in caplog.text
    capture.close()


def test_nothing_of_a_file_behind_an_address_is_too_old(tmp_path: Path) -> None:
    capture = OpenCVCapture(_recording(tmp_path, 5), silence_s=5)
    capture.open()
    capture.skip_old(idle_s=60)
    assert _count(capture) == 5
    capture.close()


def test_a_stream_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    capture = OpenCVCapture(_recording(tmp_path, 3), silence_s=5)
    capture.open()
    capture.read()
    capture.close()  # what is left cannot be read any more, as when a plug is pulled
    with pytest.raises(SourceError, match="it broke off"):
        capture.read()


class Webcam:
    """A USB camera in place of OpenCV's: there while its device file is, and grey."""

    device: Path

    def __init__(self, *unused: object) -> None:
        self._opened = self.device.exists()

    def isOpened(self) -> bool:
        return self._opened

    def read(self) -> Any:
        there = self._opened and self.device.exists()
        return there, np.full((48, 64, 3), 77, np.uint8) if there else None

    def get(self, what: int) -> float:
        return {cv2.CAP_PROP_FRAME_HEIGHT: 48.0, cv2.CAP_PROP_FRAME_WIDTH: 64.0}.get(what, 0.0)

    def set(self, *unused: object) -> bool:
        return False

    def grab(self) -> bool:
        return self._opened and self.device.exists()

    def release(self) -> None:
        self._opened = False

    def getBackendName(self) -> str:
        return "V4L2"


def test_a_camera_without_colour_gives_grey_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class GreyWebcam(Webcam):
        """Gives one channel."""

        def read(self) -> Any:
            return True, np.full((48, 64), 77, np.uint8)

    Webcam.device = tmp_path / "video0"
    Webcam.device.write_bytes(b"")
    monkeypatch.setattr(cv2, "VideoCapture", GreyWebcam)
    frame = open_source(0).read()
    assert frame is not None
    np.testing.assert_array_equal(frame.image, np.full((48, 64, 3), 77, np.uint8))


def test_a_camera_that_is_unplugged_is_looked_for_until_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Webcam.device = tmp_path / "video0"
    Webcam.device.write_bytes(b"")
    monkeypatch.setattr(cv2, "VideoCapture", Webcam)
    monkeypatch.setattr(opencv, "device_file", lambda spec: str(Webcam.device))
    source = open_source(0, make_config(reconnect={"pause_s": 0.1}))
    assert source.read() is not None
    Webcam.device.unlink()
    waiting: List[Any] = []
    thread = threading.Thread(target=lambda: waiting.append(source.read()))
    thread.start()
    threading.Event().wait(0.5)
    assert waiting == []
    Webcam.device.write_bytes(b"")
    thread.join(20)
    (frame,) = waiting
    assert frame.index == 1
    assert [gap.reason for gap in source.gaps.last] == ["unplugged"]
    source.close()


# Debian's and Jetson's OpenCV belongs to the system's Python
SYSTEM_PYTHON = "/usr/bin/python3"
CHART = """
import sys
from splitdet.sources.captures.opencv import OpenCVCapture, has_gstreamer
if not has_gstreamer():
    sys.exit("without GStreamer")
capture = OpenCVCapture(sys.argv[1], silence_s=20, is_pipeline=True)
capture.open()
frames = [capture.read() for _ in range(101)]
height, width = frames[0].shape[:2]
print(capture.reader)
print(abs(frames[1].astype(int) - frames[100]).max())
for bar in range(7):
    print(*frames[1][height // 4, int(width * (bar + 0.5) / 7)])
"""


@pytest.mark.gstreamer
@pytest.mark.parametrize(
    ("pixels", "width", "height"),
    [
        ("I420", 321, 241),
        ("NV12", 321, 241),
        ("I420", 1280, 720),  # coded by BT.709, unlike smaller ones
        ("BGRx", 322, 240),
        ("BGR", 321, 240),
        ("YUY2", 322, 240),
    ],
)
def test_an_opencv_with_gstreamer_gives_the_colours_of_a_chart(
    pixels: str, width: int, height: int
) -> None:
    pipeline = (
        "videotestsrc pattern=smpte100 num-buffers=101 ! "
        f"video/x-raw,format={pixels},width={width},height={height} ! appsink sync=false"
    )
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", CHART, pipeline],
        env={"PYTHONPATH": str(ROOT / "lib"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "ModuleNotFoundError" in done.stderr or "without GStreamer" in done.stderr:
        pytest.skip("the system's Python has no OpenCV with GStreamer: apt-get install python3-opencv")
    reader, difference, *bars = done.stdout.splitlines()
    assert reader.endswith("(GSTREAMER)"), done.stderr
    assert int(difference) <= 2
    colours = [[int(level) for level in bar.split()] for bar in bars]
    np.testing.assert_allclose(colours, BARS, atol=5)
