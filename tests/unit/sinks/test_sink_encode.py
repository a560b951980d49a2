"""Pipelines that code and send; the expected text is what NVIDIA and GStreamer document."""

from __future__ import annotations

import re
from typing import Any

import pytest

from splitdet.config import make_config
from splitdet.config.encode import Encode
from splitdet.errors import SinkError
from splitdet.sinks.encode import describe_session, encoder, rtp_pipeline
from splitdet.sinks.send import is_sent, open_sender

RAW = "videoconvert ! video/x-raw, format=(string)I420"
NVMM = "nvvidconv ! video/x-raw(memory:NVMM), format=(string)NV12"


@pytest.mark.parametrize(
    ("platform", "options", "coder"),
    [
        ("pc", {}, "x264enc tune=zerolatency speed-preset=ultrafast bitrate=4000 key-int-max=30"),
        (
            "pc",
            {"codec": "h265", "bitrate_kbps": 500},
            "x265enc tune=zerolatency speed-preset=ultrafast bitrate=500 key-int-max=30",
        ),
        ("pc", {"encoder": "hardware"}, "nvh264enc bitrate=4000 gop-size=30"),
        (
            "tx2",
            {"codec": "h265"},
            f"{NVMM} ! omxh265enc bitrate=4000000 insert-vui=1 insert-sps-pps=1 iframeinterval=30",
        ),
        ("nano", {}, f"{NVMM} ! nvv4l2h264enc bitrate=4000000 insert-sps-pps=1 iframeinterval=30"),
        (
            "xavier",
            {"codec": "h265"},
            f"{NVMM} ! nvv4l2h265enc bitrate=4000000 insert-sps-pps=1 iframeinterval=30",
        ),
        (
            "orin",
            {"encoder": "software"},
            "x264enc tune=zerolatency speed-preset=ultrafast bitrate=4000 key-int-max=30",
        ),
    ],
)
def test_each_platform_codes_with_what_it_has(platform: str, options: Any, coder: str) -> None:
    codec = options.get("codec", "h264")
    assert encoder(Encode(**options), 30, platform) == (
        f"{RAW} ! {coder} ! {codec}parse ! rtp{codec}pay config-interval=1 pt=96"
    )


@pytest.mark.parametrize(("live", "sync"), [(True, "false"), (False, "true")])
def test_a_file_is_sent_as_fast_as_it_was_recorded_and_a_camera_at_once(live: bool, sync: str) -> None:
    pipeline = rtp_pipeline(Encode(), "10.0.0.2", 5000, 30, live, "pc")
    assert pipeline.startswith(f"appsrc ! {RAW} ! x264enc")
    assert pipeline.endswith(f"! udpsink host=10.0.0.2 port=5000 sync={sync}")


def test_a_session_is_described_for_the_receiver() -> None:
    assert describe_session("h265", "10.0.0.2", 5004) == (
        "v=0\no=- 0 0 IN IP4 10.0.0.2\ns=splitdet\nc=IN IP4 10.0.0.2\nt=0 0\n"
        "m=video 5004 RTP/AVP 96\na=rtpmap:96 H265/90000\n"
    )
    assert "c=IN IP6 ::1\n" in describe_session("h264", "::1", 5004)


@pytest.mark.parametrize(
    ("place", "yes"),
    [
        ("rtp://127.0.0.1:5000", True),
        ("rtsp://0.0.0.0/live", True),
        ("RTSP://0.0.0.0/live", True),
        ("rtmp://127.0.0.1/live/key", True),
        ("http://127.0.0.1:5998", True),
        ("appsrc ! videoconvert ! autovideosink", True),
        ("found.avi", False),
        ("output!/found.avi", False),
        ("none", False),
    ],
)
def test_what_is_sent_is_told_from_a_file(place: str, yes: bool) -> None:
    assert is_sent(place) is yes


EXPECTED = "expects rtp://HOST:PORT, rtsp://HOST:PORT/PATH or a pipeline that begins with appsrc"


@pytest.mark.parametrize(
    "place", ["rtp://127.0.0.1", "rtp://:5000", "rtsp://", "rtp://h:99999", "rtp://h:0", "rtp://[::1"]
)
def test_an_address_that_lacks_something_is_refused(place: str) -> None:
    with pytest.raises(SinkError, match=re.escape(f"{place}: {EXPECTED}")):
        open_sender(place, make_config(), 25.0, live=False, stream=0, count=1)


@pytest.mark.parametrize(
    "place",
    [
        *("rtmp://127.0.0.1/live/key", "udp://127.0.0.1:5998", "http://127.0.0.1:5998"),
        *("file://x:5", "srt://h:9", "127.0.0.1:5000"),
    ],
)
def test_an_address_of_another_kind_is_refused(place: str) -> None:
    with pytest.raises(SinkError, match=re.escape(f"{place}: {EXPECTED}")):
        open_sender(place, make_config(), 25.0, live=False, stream=0, count=1)


def test_a_refused_address_is_shown_without_its_password() -> None:
    with pytest.raises(SinkError, match=r"^rtmp://h/live: expects rtp://HOST:PORT"):
        open_sender("rtmp://me:secret@h/live", make_config(), 25.0, live=False, stream=0, count=1)


def test_a_pipeline_shows_one_input_only() -> None:
    with pytest.raises(SinkError, match="a pipeline shows one input, and there are 2"):
        open_sender("appsrc ! fakesink", make_config(), 25.0, live=False, stream=0, count=2)
