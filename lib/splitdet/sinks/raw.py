"""A copy of the frames with nothing drawn."""

from __future__ import annotations

from typing import Optional

import numpy as np

from splitdet.sinks.base import Sink
from splitdet.types import Detections, Frame


class RawSink(Sink):
    """Gives frames as they came to a sink that writes pictures.

    Args:
        sink: it is closed with this one.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._sink.path

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        self._sink.write(frame, found, frame.image)

    def close(self) -> None:
        """See `Sink.close`."""
        self._sink.close()
