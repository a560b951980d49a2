"""Who reads what."""

from __future__ import annotations

from typing import Any, List

import pytest

from splitdet.config import Config, make_config
from splitdet.config.camera import Camera
from splitdet.errors import SourceError
from splitdet.gstreamer import load
from splitdet.sources.captures import choose, pyav
from splitdet.sources.captures.choose import choose_camera, choose_capture, is_pipeline
from splitdet.sources.captures.gstreamer import GStreamerCapture
from splitdet.sources.captures.opencv import OpenCVCapture
from splitdet.sources.captures.pyav import PyAVCapture

PIPELINE = "videotestsrc ! appsink"
RTSP = "rtsp://host/live"


@pytest.fixture(name="machine")
def _machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is installed: `machine(gobject=.., opencv=.., av=..)`."""

    def install(gobject: bool = False, opencv: bool = False, av: bool = False) -> None:
        monkeypatch.setattr(load, "why_not", lambda: "" if gobject else "apt-get install gi")
        monkeypatch.setattr(load, "has_element", lambda name: gobject)
        monkeypatch.setattr(choose, "has_gstreamer", lambda: opencv)
        monkeypatch.setattr(pyav, "is_installed", lambda: av)

    return install


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


@pytest.mark.parametrize(
    ("spec", "installed", "reader"),
    [
        (0, {"gobject": True, "opencv": True, "av": True}, OpenCVCapture),
        ("/dev/video2", {"gobject": True, "av": True}, OpenCVCapture),
        (PIPELINE, {"gobject": True, "opencv": True}, GStreamerCapture),
        (PIPELINE, {"opencv": True}, OpenCVCapture),
        (RTSP, {"gobject": True, "av": True}, GStreamerCapture),
        (RTSP, {"av": True}, PyAVCapture),
        (RTSP, {}, OpenCVCapture),
        ("http://host/a.mp4", {"gobject": True, "av": True}, PyAVCapture),
        ("http://host/a.mp4", {"gobject": True}, OpenCVCapture),
    ],
)
def test_the_reader_that_tells_most_is_taken(
    machine: Any, spec: Any, installed: Any, reader: type
) -> None:
    machine(**installed)
    assert type(choose_capture(spec, Config()).make_capture()) is reader


@pytest.mark.parametrize(
    ("spec", "installed", "told"),
    [
        (0, {"gobject": True}, "camera 0: nothing is done about camera.flip, camera.latency_ms;"),
        (RTSP, {"av": True}, "host/live: nothing is done about camera.flip; GStreamer would use them"),
        (RTSP, {}, "host/live: nothing is done about camera.flip, camera.latency_ms; GStreamer would"),
        (RTSP, {"gobject": True}, ""),
        ("http://host/a.mp4", {"gobject": True, "av": True}, "it reads rtsp:// alone"),
    ],
)
def test_keys_of_the_section_camera_that_do_nothing_are_told(
    machine: Any, spec: Any, installed: Any, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    machine(**installed)
    choose_capture(spec, make_config(camera={"flip": 1, "latency_ms": 50}))
    assert bool(caplog.messages) == bool(told)
    assert told in "".join(caplog.messages)


def test_a_section_for_a_camera_of_another_kind_says_nothing_of_the_pictures_of_an_address(
    machine: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine(gobject=True)
    built: List[Camera] = []
    monkeypatch.setattr(choose, "camera_pipeline", lambda camera, *unused: built.append(camera) or "")
    webcam = {"codec": "mjpeg", "size": "64x48", "flip": 2, "latency_ms": 50, "platform": "pc"}
    choose_capture(RTSP, make_config(camera={"kind": "usb", **webcam}))
    assert built == [Camera(kind="rtsp", address=RTSP, latency_ms=50, platform="pc")]
    choose_capture(RTSP, make_config(camera=webcam))
    assert built[1].codec == "mjpeg"
    assert caplog.messages == []


@pytest.mark.parametrize("describe", [lambda: choose_capture(PIPELINE, Config()), None])
def test_a_pipeline_without_any_gstreamer_is_refused_with_what_to_install(
    machine: Any, describe: Any
) -> None:
    machine(av=True)
    with pytest.raises(SourceError, match=r"appsink.*: cannot be read here: apt-get install gi\. "):
        (describe or (lambda: choose_camera(make_config(camera={"kind": "test"}))))()


@pytest.mark.parametrize(
    ("camera", "name", "asked_px"),
    [
        ({"kind": "test"}, "test", (480, 640)),
        ({"kind": "usb", "device": 1, "size": "320x240"}, "usb 1", (240, 320)),
        ({"kind": "csi", "sensor_id": 2, "platform": "nano"}, "csi 2", (480, 640)),
        ({"kind": "rtsp", "address": "rtsp://me:secret@host/a"}, "rtsp rtsp://host/a", None),
        ({"kind": "rtp", "port": 5004}, "rtp 5004", None),
        ({"kind": "test", "size": "320x240", "flip": "clockwise"}, "test", (320, 240)),
        ({"kind": "test", "size": "320x240", "flip": 7}, "test", (320, 240)),
        ({"kind": "test", "size": "320x240", "flip": "vertical"}, "test", (240, 320)),
    ],
)
def test_a_camera_in_words_has_a_name_and_a_size(
    machine: Any, camera: Any, name: str, asked_px: Any
) -> None:
    machine(gobject=True)
    reading = choose_camera(make_config(camera=camera))
    assert (reading.name, reading.asked_px) == (name, asked_px)
