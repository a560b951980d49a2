"""A sink for each of several inputs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Iterable, List, Optional, Sequence

import numpy as np

from splitdet.sinks.base import Sink, close_all
from splitdet.types import Detections, Frame


def each_its_own(sinks: Iterable[Sink]) -> Sink:
    """One sink of as many as there are inputs, by the number of the input.

    Args:
        sinks: made one after the other; where one cannot be made, those before it are closed.
    """
    with ExitStack() as made:
        kept: List[Sink] = []
        for sink in sinks:
            kept.append(sink)
            made.callback(sink.close)
        made.pop_all()
    return kept[0] if len(kept) == 1 else Routed(kept)


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
        close_all(self._sinks)
