"""Annotated pictures by RTSP, served by this process."""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import Optional, Tuple

import numpy as np

from splitdet.errors import SinkError
from splitdet.gstreamer import load
from splitdet.gstreamer.rtsp_server import RtspServer
from splitdet.sinks.base import Sink
from splitdet.types import Detections, Frame

log = logging.getLogger(__name__)


class RtspSink(Sink):
    """Serves pictures to whoever connects, as they come.

    Args:
        host, port, path: where to listen, such as 127.0.0.1, 8554 and `/live`.
        encoder: see `splitdet.sinks.encode.encoder`.
        rate: frames per second of the source.

    Raises:
        SinkError: GStreamer or its RTSP server is missing, or the port is taken.
    """

    def __init__(self, host: str, port: int, path: str, encoder: str, rate: Fraction) -> None:
        missing = load.why_not()
        if missing:
            raise SinkError(f"nothing can be served by RTSP here: {missing}")
        try:
            self._server = RtspServer(host, port, path, encoder, rate)
        except ImportError:
            raise SinkError(
                f"GStreamer's RTSP server is missing: sudo apt-get install {load.RTSP_SERVER_PACKAGE}"
            ) from None
        except OSError as error:
            raise SinkError(str(error)) from None
        self.address = f"rtsp://{host}:{self._server.port}{path}"
        self._size: Optional[Tuple[int, int]] = None
        log.info("serving %s", self.address)

    def wants_picture(self) -> bool:
        """See `Sink.wants_picture`: whether anybody looks."""
        return self._server.is_watched

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        if picture is None:
            return
        size = (frame.height, frame.width)
        if self._size is not None and size != self._size:
            raise SinkError(f"{self.address}: the source changed its size")
        self._size = size
        self._server.push(picture)

    def close(self) -> None:
        """See `Sink.close`."""
        self._server.end()
        self._server.close()
