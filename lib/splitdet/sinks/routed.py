"""A sink for each of several inputs."""

from __future__ import annotations

from typing import Optional, Sequence

import numpy as np

from splitdet.errors import SinkError
from splitdet.sinks.base import Sink
from splitdet.types import Detections, Frame


def each_its_own(sinks: Sequence[Sink]) -> Sink:
    """One sink of as many as there are inputs, by the number of the input."""
    return sinks[0] if len(sinks) == 1 else Routed(sinks)


class Routed(Sink):
    """Hands each result to the sink of its stream.

    Args:
        sinks: by the number of the stream; they are closed with it.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks

    @property
    def path(self) -> str:
        """See `Sink.path`; each of them once."""
        return ", ".join(dict.fromkeys(sink.path for sink in self._sinks if sink.path))

    def wants_picture(self) -> bool:
        """See `Sink.wants_picture`."""
        return any(sink.wants_picture() for sink in self._sinks)

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        self._sinks[frame.stream].write(frame, found, picture)

    def close(self) -> None:
        """See `Sink.close`; the first error counts.

        Raises:
            SinkError: one of them could not be finished.
        """
        error: Optional[SinkError] = None
        for sink in self._sinks:
            try:
                sink.close()
            except SinkError as failure:
                error = error or failure
        if error is not None:
            raise error
