"""From what a user typed to a sink that sends pictures."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlsplit

from splitdet.addresses import without_password
from splitdet.config.schema import Config
from splitdet.errors import SinkError
from splitdet.sinks.base import Sink
from splitdet.sinks.encode import describe_session, encoder, rtp_pipeline
from splitdet.sinks.gstreamer import GStreamerSink
from splitdet.sinks.rtsp import RtspSink
from splitdet.sources.camera import frame_rate, this_platform

RTSP_PORT = 8554
PORTS_APART = 2  # RTP takes an even port, the odd one behind it belongs to RTCP
log = logging.getLogger(__name__)


def is_sent(place: str) -> bool:
    """Whether `place` is an address, of any kind, or a pipeline, and no file or folder."""
    is_address = re.match(r"[a-z][a-z0-9+.-]*://", place, re.IGNORECASE) is not None
    return is_address or ("!" in place and "appsrc" in place)


def open_sender(place: str, config: Config, rate: float, live: bool, stream: int, count: int) -> Sink:
    """What sends the pictures of one of `count` inputs.

    Args:
        place: `rtp://HOST:PORT` to send to, `rtsp://HOST:PORT/PATH` to be served at, or a GStreamer
            pipeline that begins with appsrc.
        rate: frames per second of the source.
        live: frames come as they happen.

    Raises:
        SinkError: the address is wrong, or something is not installed.
    """
    shown = without_password(place)
    if "!" in place:
        if count > 1:
            raise SinkError(f"{shown}: a pipeline shows one input, and there are {count}")
        return GStreamerSink(place, frame_rate(rate), live)
    problem = SinkError(
        f"{shown}: expects rtp://HOST:PORT, rtsp://HOST:PORT/PATH or a pipeline that begins with appsrc"
    )
    try:
        parts = urlsplit(place)
        port = parts.port
    except ValueError:
        raise problem from None
    if parts.scheme not in ("rtp", "rtsp") or not parts.hostname or port == 0:
        raise problem
    if parts.username or parts.password:
        raise SinkError(f"{shown}: pictures go to whoever asks for them; leave the password out")
    platform = config.camera.platform if config.camera.platform != "auto" else this_platform()
    whole_rate = max(1, round(rate))
    if parts.scheme == "rtsp":
        path = parts.path.rstrip("/") or "/live"
        return RtspSink(
            parts.hostname,
            (port or RTSP_PORT) + (stream if count > 1 else 0),
            path,
            encoder(config.encode, whole_rate, platform),
            frame_rate(rate),
        )
    if port is None:
        raise problem
    port += PORTS_APART * stream
    codec = config.encode.codec
    session = describe_session(codec, parts.hostname, port)
    log.info("sending to %s; for the receiver, as a file .sdp:\n%s", place, session)
    pipeline = rtp_pipeline(config.encode, parts.hostname, port, whole_rate, live, platform)
    return GStreamerSink(pipeline, frame_rate(rate), live)
