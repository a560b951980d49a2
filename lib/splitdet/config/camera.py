"""The section `camera` of config.yml: a camera or stream described in words, not as a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from splitdet.config.keys import key

FLIPS = (
    "none",
    "counterclockwise",
    "rotate-180",
    "clockwise",
    "horizontal",
    "upper-right-diagonal",
    "vertical",
    "upper-left-diagonal",
)
"""By the number that nvvidconv has for each."""
WHITE_BALANCES = (
    "off",
    "auto",
    "incandescent",
    "fluorescent",
    "warm-fluorescent",
    "daylight",
    "cloudy-daylight",
    "twilight",
    "shade",
    "manual",
)
"""By the number that nvarguscamerasrc has for each."""
KINDS = ("none", "csi", "usb", "rtsp", "rtp", "test")
PLATFORMS = ("pc", "tx2", "nano", "xavier", "orin")


@dataclass(frozen=True)
class Camera:
    """What a GStreamer pipeline is built from."""

    kind: str = key(
        "none",
        "none: camera_input counts; csi: a camera on a Jetson's connector; usb; rtsp: a network camera; "
        "rtp: what somebody sends to a UDP port of this machine; test: a test picture",
        choices=KINDS,
    )
    device: Union[int, str] = key(0, "usb: its number or device file", low=0, high=9999)
    address: str = key(
        "", "rtsp: rtsp://..; rtp: where to listen; empty: 127.0.0.1, this machine alone; 0.0.0.0: all"
    )
    port: int = key(5000, "rtp: the UDP port", low=1, high=65535)
    size: str = key(
        "", "WIDTHxHEIGHT in pixels; empty: width and height above, and streams as they come"
    )
    fps: float = key(30.0, "frames per second to ask for; 0: as the camera likes", low=0, high=1000)
    flip: Union[int, str] = key(
        "none", "turn or mirror the picture, or its number 0 to 7", choices=FLIPS, low=0, high=7
    )
    sensor_id: int = key(0, "csi: which camera", low=0, high=255)
    sensor_mode: int = key(
        -1, "csi: mode of the sensor; -1: the one that fits size and fps", low=-1, high=255
    )
    wbmode: Union[int, str] = key(
        "auto", "csi: white balance, or its number 0 to 9", choices=WHITE_BALANCES, low=0, high=9
    )
    exposure_ms: float = key(0.0, "csi, usb: exposure time; 0: automatic", low=0, high=10_000)
    codec: str = key(
        "auto",
        "how frames are coded; auto: usb: not at all, rtsp: as the server says, rtp: h264",
        choices=("auto", "h264", "h265", "mjpeg"),
    )
    decoder: str = key(
        "auto",
        "who decodes; auto: hardware on a Jetson, else software",
        choices=("auto", "hardware", "software"),
    )
    latency_ms: int = key(
        200, "rtsp, rtp: how long to wait for packets that are late", low=0, high=60_000
    )
    transport: str = key("tcp", "rtsp: what carries the packets", choices=("tcp", "udp"))
    platform: str = key(
        "auto",
        "whose elements the pipeline uses; auto: those of this machine",
        choices=("auto", *PLATFORMS),
    )
