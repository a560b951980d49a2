"""Who reads a camera, an address or a pipeline."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Callable, NamedTuple, Optional, Tuple, Union

from splitdet.addresses import without_password
from splitdet.config.schema import Config
from splitdet.errors import SourceError
from splitdet.gstreamer import load
from splitdet.sources.camera import camera_pipeline, parse_size
from splitdet.sources.captures import pyav
from splitdet.sources.captures.base import Capture
from splitdet.sources.captures.gstreamer import GStreamerCapture
from splitdet.sources.captures.opencv import OpenCVCapture, has_gstreamer

MakeCapture = Callable[[], Capture]
DECODER = "avdec_h264"  # where it is missing, GStreamer decodes next to nothing


class Reading(NamedTuple):
    """How a stream is read."""

    name: str
    """For people; without passwords."""
    make_capture: MakeCapture
    asked_px: Optional[Tuple[int, int]] = None
    """Height and width that a camera is asked for."""


def is_pipeline(spec: str) -> bool:
    """Whether `spec` is a GStreamer pipeline and not an address or a path."""
    return "!" in spec and "appsink" in spec


def choose_capture(spec: Union[int, str], config: Config) -> Reading:
    """How to read a camera by its number or device, an address or a pipeline.

    Raises:
        SourceError: nothing that is installed can read it; the message says what to install.
    """
    silence_s = config.reconnect.silence_s
    size_px = (config.height, config.width)
    low = config.latency == "low"
    if isinstance(spec, int) or spec.startswith("/dev/"):
        name = f"camera {spec}" if isinstance(spec, int) else spec
        return Reading(name, lambda: OpenCVCapture(spec, silence_s, size_px, low), size_px)
    name = without_password(spec)
    if is_pipeline(spec):
        return Reading(name, _pipeline_reader(spec, silence_s))
    if re.match(r"rtsps?://", spec) and load.has_element("rtspsrc") and load.has_element(DECODER):
        camera = replace(config.camera, kind="rtsp", address=spec)
        return Reading(name, _pipeline_reader(camera_pipeline(camera, size_px, low), silence_s, spec))
    if pyav.is_installed():
        return Reading(name, lambda: pyav.PyAVCapture(spec, config.camera, silence_s, low))
    return Reading(name, lambda: OpenCVCapture(spec, silence_s))


def choose_camera(config: Config) -> Reading:
    """The same for the section `camera`.

    Raises:
        ConfigError: the section lacks something.
        SourceError: there is no GStreamer.
    """
    camera = config.camera
    size_px = (config.height, config.width)
    pipeline = camera_pipeline(camera, size_px, config.latency == "low")
    where = {"csi": camera.sensor_id, "usb": camera.device, "rtsp": camera.address, "rtp": camera.port}
    name = without_password(f"{camera.kind} {where.get(camera.kind, '')}".strip())
    asked_px = None if camera.kind in ("rtsp", "rtp") else parse_size(camera.size) or size_px
    address = camera.address if camera.kind == "rtsp" else ""
    return Reading(name, _pipeline_reader(pipeline, config.reconnect.silence_s, address), asked_px)


def _pipeline_reader(pipeline: str, silence_s: float, address: str = "") -> MakeCapture:
    """Through PyGObject, which tells why something fails, or an OpenCV that has GStreamer."""
    missing = load.why_not()
    if not missing:
        return lambda: GStreamerCapture(pipeline, silence_s, address)
    if has_gstreamer():
        return lambda: OpenCVCapture(pipeline, silence_s, is_pipeline=True)
    raise SourceError(
        f"{without_password(pipeline)}: cannot be read here: {missing}. (OpenCV from PyPI has no "
        "GStreamer; Debian's and Jetson's python3-opencv have it)"
    )
