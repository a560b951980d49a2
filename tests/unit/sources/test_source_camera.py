"""From the section `camera` to a pipeline. The expected text is what NVIDIA and GStreamer document."""

from __future__ import annotations

from typing import Any

import pytest

from splitdet.config import make_config
from splitdet.errors import ConfigError
from splitdet.sources import camera as module
from splitdet.sources.camera import camera_pipeline

END = "videoconvert ! video/x-raw, format=(string)BGR ! appsink drop=true max-buffers=4 sync=false"
BGRX = "video/x-raw, format=(string)BGRx"


def build(**camera: Any) -> str:
    """The pipeline of these keys, on an ordinary machine unless they say otherwise."""
    return camera_pipeline(make_config(camera={"platform": "pc", **camera}).camera)


def test_csi_on_a_tx2() -> None:
    assert build(kind="csi", platform="tx2", size="1280x720", flip=2) == (
        'nvcamerasrc sensor-id=0 fpsRange="30 30" wbmode=1 ! video/x-raw(memory:NVMM), '
        "width=(int)1280, height=(int)720, format=(string)I420, framerate=(fraction)30/1 ! "
        f"nvvidconv flip-method=2 ! {BGRX} ! {END}"
    )


@pytest.mark.parametrize("platform", ["nano", "xavier", "orin"])
def test_csi_on_a_nano_or_xavier(platform: str) -> None:
    assert build(kind="csi", platform=platform, size="1280x720") == (
        "nvarguscamerasrc sensor-id=0 wbmode=1 ! video/x-raw(memory:NVMM), width=(int)1280, "
        "height=(int)720, format=(string)NV12, framerate=(fraction)30/1 ! nvvidconv flip-method=0 ! "
        f"{BGRX} ! {END}"
    )


def test_csi_with_every_option() -> None:
    pipeline = build(
        kind="csi",
        platform="xavier",
        size="3264x2464",
        fps=21,
        flip="horizontal",
        sensor_id=1,
        sensor_mode=0,
        wbmode="daylight",
        exposure_ms=2.5,
    )
    assert pipeline == (
        'nvarguscamerasrc sensor-id=1 sensor-mode=0 exposuretimerange="2500000 2500000" wbmode=5 ! '
        "video/x-raw(memory:NVMM), width=(int)3264, height=(int)2464, format=(string)NV12, "
        f"framerate=(fraction)21/1 ! nvvidconv flip-method=4 ! {BGRX} ! {END}"
    )


def test_csi_exposure_on_a_tx2_is_in_seconds() -> None:
    pipeline = build(kind="csi", platform="tx2", exposure_ms=30, wbmode=9)
    assert 'fpsRange="30 30" auto-exposure=1 exposure-time=0.03 wbmode=9 !' in pipeline


def test_usb() -> None:
    assert build(kind="usb", device=1, size="1280x720") == (
        'v4l2src device="/dev/video1" ! video/x-raw, width=(int)1280, height=(int)720, '
        f"framerate=(fraction)30/1 ! {END}"
    )


def test_usb_that_sends_jpeg_is_decoded() -> None:
    assert build(kind="usb", device="/dev/v4l/by-id/cam", codec="mjpeg", fps=0) == (
        'v4l2src device="/dev/v4l/by-id/cam" ! image/jpeg, width=(int)640, height=(int)480 ! jpegdec ! '
        f"{END}"
    )


def test_usb_exposure_is_in_units_of_100_microseconds() -> None:
    controls = "c,exposure_auto=1,exposure_absolute=25,auto_exposure=1,exposure_time_absolute=25"
    assert f'extra-controls="{controls}"' in build(kind="usb", exposure_ms=2.5)


def test_rtsp() -> None:
    assert build(kind="rtsp", address="rtsp://host/live", latency_ms=50) == (
        'rtspsrc location="rtsp://host/live" latency=50 protocols=tcp ! '
        f"application/x-rtp, media=(string)video ! decodebin ! {END}"
    )


@pytest.mark.parametrize(
    ("platform", "decoder"),
    [("tx2", "omxh265dec"), ("nano", "nvv4l2decoder"), ("xavier", "nvv4l2decoder")],
)
def test_rtsp_on_a_jetson_is_decoded_by_its_hardware(platform: str, decoder: str) -> None:
    pipeline = build(kind="rtsp", address="rtsp://host/live", codec="h265", platform=platform, flip=1)
    assert pipeline == (
        'rtspsrc location="rtsp://host/live" latency=200 protocols=tcp ! '
        "application/x-rtp, media=(string)video ! rtph265depay ! h265parse ! "
        f"{decoder} ! nvvidconv flip-method=1 ! {BGRX} ! {END}"
    )


@pytest.mark.parametrize("platform", ["nano", "xavier", "tx2"])
def test_rtsp_of_an_unknown_codec_on_a_jetson_leaves_video_memory_by_nvvidconv(platform: str) -> None:
    """There decodebin takes the hardware decoder, whose frames videoconvert cannot read."""
    assert build(kind="rtsp", address="rtsp://host/live", platform=platform, flip=3) == (
        'rtspsrc location="rtsp://host/live" latency=200 protocols=tcp ! '
        f"application/x-rtp, media=(string)video ! decodebin ! nvvidconv flip-method=3 ! {BGRX} ! {END}"
    )


def test_a_jetson_can_be_told_to_decode_by_software() -> None:
    pipeline = build(
        kind="rtsp", address="rtsp://h/l", codec="h264", platform="nano", decoder="software"
    )
    assert f"h264parse ! avdec_h264 ! {END}" in pipeline


@pytest.mark.parametrize(
    ("codec", "name", "steps"),
    [
        ("auto", "H264, payload=(int)96", "rtph264depay ! h264parse ! avdec_h264"),
        ("h265", "H265, payload=(int)96", "rtph265depay ! h265parse ! avdec_h265"),
        ("mjpeg", "JPEG, payload=(int)26", "rtpjpegdepay ! jpegdec"),
    ],
)
def test_rtp(codec: str, name: str, steps: str) -> None:
    assert build(kind="rtp", port=5004, codec=codec) == (
        'udpsrc address="127.0.0.1" port=5004 buffer-size=4194304 ! application/x-rtp, '
        f"media=(string)video, clock-rate=(int)90000, encoding-name=(string){name} ! "
        f"rtpjitterbuffer latency=200 ! {steps} ! {END}"
    )


def test_a_stream_is_scaled_where_a_size_is_named() -> None:
    pipeline = build(kind="rtp", size="320x240")
    assert "avdec_h264 ! videoscale ! video/x-raw, width=(int)320, height=(int)240 !" in pipeline
    on_jetson = build(kind="rtp", size="320x240", platform="nano")
    assert "! video/x-raw, width=(int)320, height=(int)240, format=(string)BGRx !" in on_jetson


@pytest.mark.parametrize(
    ("fps", "fraction"),
    [
        *((30, "30/1"), (7.5, "15/2"), (29.97, "30000/1001"), (59.94, "60000/1001"), (0.5, "1/2")),
        *((0.004, "1/250"), (1e-5, "1/1000")),
    ],
)
def test_frame_rates_are_fractions(fps: float, fraction: str) -> None:
    assert f"framerate=(fraction){fraction} !" in build(kind="test", fps=fps)


def test_what_stands_in_an_address_stays_in_it() -> None:
    pipeline = build(kind="rtsp", address='rtsp://u:a"b! c\\d@host/live')
    assert 'location="rtsp://u:a\\"b! c\\\\d@host/live" latency' in pipeline


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ({"kind": "none"}, "camera.kind is none; expects csi"),
        ({"kind": "csi"}, "camera.kind is csi, but this is no Jetson"),
        ({"kind": "csi", "platform": "tx2", "sensor_mode": 1}, "camera.sensor_mode: nvcamerasrc"),
        ({"kind": "rtsp", "address": "host/live"}, "camera.address: expects rtsp://"),
        (
            {"kind": "rtsp", "address": "rtsp://h/l", "decoder": "hardware"},
            "camera.codec: a hardware decoder must be told",
        ),
        ({"kind": "test", "size": "640"}, "camera.size: expects WIDTHxHEIGHT"),
        ({"kind": "test", "size": "0x480"}, "camera.size: expects WIDTHxHEIGHT"),
    ],
)
def test_what_cannot_be_built_is_one_line(camera: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**camera)


def test_this_machine_decides_where_no_platform_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "this_platform", lambda: "tx2")
    assert build(kind="csi", platform="auto").startswith("nvcamerasrc")
