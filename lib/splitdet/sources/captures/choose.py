"""Who reads a camera, an address or a pipeline."""

from __future__ import annotations

import logging
import re
from dataclasses import fields
from typing import Callable, NamedTuple, Optional, Sequence, Tuple, Union

from splitdet.addresses import without_password
from splitdet.config.camera import Camera
from splitdet.config.schema import Config
from splitdet.errors import SourceError
from splitdet.gstreamer import load
from splitdet.sources.camera import asked_size_px, camera_pipeline, described_as
from splitdet.sources.captures import pyav
from splitdet.sources.captures.base import Capture
from splitdet.sources.captures.gstreamer import GStreamerCapture
from splitdet.sources.captures.opencv import OpenCVCapture, has_gstreamer

log = logging.getLogger(__name__)

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
        _note_unused(name, config.camera, "camera.kind: usb uses them")
        return Reading(name, lambda: OpenCVCapture(spec, silence_s, size_px, low), size_px)
    name = without_password(spec)
    if is_pipeline(spec):
        return Reading(name, _pipeline_reader(spec, silence_s))
    if re.match(r"rtsps?://", spec) and load.has_element("rtspsrc") and load.has_element(DECODER):
        camera = described_as(config.camera, "rtsp", address=spec)
        return Reading(name, _pipeline_reader(camera_pipeline(camera, size_px, low), silence_s, spec))
    needed = f"GStreamer would use them ({load.why_not() or 'it reads rtsp:// alone'})"
    if pyav.is_installed():
        _note_unused(name, config.camera, needed, used=("transport", "latency_ms"))
        return Reading(name, lambda: pyav.PyAVCapture(spec, config.camera, silence_s, low))
    _note_unused(name, config.camera, needed)
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
    asked_px = asked_size_px(camera, size_px)
    address = camera.address if camera.kind == "rtsp" else ""
    return Reading(name, _pipeline_reader(pipeline, config.reconnect.silence_s, address), asked_px)


def _note_unused(name: str, camera: Camera, instead: str, used: Sequence[str] = ()) -> None:
    """Say which keys of the section `camera` do nothing for what is named by number or address."""
    if camera.kind != "none":  # it describes a camera of its own
        return
    usual = Camera()
    unused = [
        f"camera.{key.name}"
        for key in fields(Camera)
        if key.name not in used and getattr(camera, key.name) != getattr(usual, key.name)
    ]
    if unused:
        log.warning("%s: nothing is done about %s; %s", name, ", ".join(unused), instead)


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
