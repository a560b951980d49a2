"""The last stage: draws what somebody wants to see, and hands it to the sinks."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

import numpy as np

from splitdet.pipeline.meter import Meter
from splitdet.sinks.base import Sink, close_all
from splitdet.types import Batch, Detections, Frame
from splitdet.visualize.painter import Painter, fps_notes


class Output:
    """Hands each finished frame to every sink; a picture is drawn once, if any of them wants one.

    Args:
        sinks: they are closed with it.
        text: write the rate into the corner.
    """

    def __init__(self, painter: Painter, sinks: Sequence[Sink], meter: Meter, text: bool) -> None:
        self._painter = painter
        self._text = text
        self._sinks = list(sinks)
        self._meter = meter

    def __call__(self, batch: Batch) -> None:
        """Take one finished batch."""
        for frame, found in zip(batch.frames, batch.results):
            sinks = [sink for sink in self._sinks if not (frame.stream and sink.shows_first)]
            wanting = [sink.wants_picture() for sink in sinks]
            picture = self._draw(frame, found) if any(wanting) else None
            for sink, wants in zip(sinks, wanting):
                sink.write(frame, found, picture if wants else None)

    def _draw(self, frame: Frame, found: Detections) -> np.ndarray:
        return self._painter.paint(frame.image, found, fps_notes(self._meter.current_fps, self._text))

    @property
    def paths(self) -> List[str]:
        """Where the sinks write to."""
        return [sink.path for sink in self._sinks if sink.path]

    @property
    def figures(self) -> Dict[str, Any]:
        """What the sinks counted."""
        return {name: figure for sink in self._sinks for name, figure in sink.figures.items()}

    def close(self) -> None:
        """Close all sinks.

        Raises:
            SinkError: the first of those that could not be finished.
        """
        close_all(self._sinks)
