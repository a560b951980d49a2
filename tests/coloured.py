"""Drawn things that move, and a detector that finds them by their colour."""

from __future__ import annotations

import time
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from fakes import FakeDetector
from splitdet.config import Config
from splitdet.labels import Labels
from splitdet.sources.base import Source
from splitdet.types import Batch, Detections, Frame

RATE = 25.0
SIZE_PX = (120, 200)
LEAST_PX = 40
"""Pixels of a thing that must be in sight for the detector to find it."""

Where = Callable[[int], Optional[Tuple[float, float]]]


class Thing:
    """A rectangle.

    Args:
        class_id: its colour, 1 to 255.
        size: height and width, each 0..1 of the frame.
        where: centre (x, y) in frame `index`, each 0..1; None where it is away.
    """

    def __init__(self, class_id: int, size: Tuple[float, float], where: Where) -> None:
        self.class_id = class_id
        self._size = size
        self._where = where

    def draw(self, picture: np.ndarray, index: int) -> None:
        """Paint it into `picture`, over what is there."""
        centre = self._where(index)
        if centre is None:
            return
        across, down = centre[0] * picture.shape[1], centre[1] * picture.shape[0]
        half_height, half_width = (size * px / 2 for size, px in zip(self._size, picture.shape))
        edges = [down - half_height, down + half_height, across - half_width, across + half_width]
        top, bottom, left, right = (max(0, round(edge)) for edge in edges)
        picture[top:bottom, left:right] = self.class_id


def walking(from_x: float, to_x: float, y: float, frames: int) -> Where:
    """A straight way at an even pace."""
    return lambda index: (from_x + (to_x - from_x) * index / (frames - 1), y)


class ThingSource(Source):
    """Frames with things in them; later ones hide earlier ones."""

    def __init__(self, things: Sequence[Thing], frames: int) -> None:
        super().__init__("things")
        self._things = things
        self._frames = frames

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        begin_s = time.perf_counter()
        if self._index >= self._frames:
            return None
        picture = np.zeros((*SIZE_PX, 3), np.uint8)
        for thing in self._things:
            thing.draw(picture, self._index)
        return self._frame(picture, self.name, self._index / RATE, begin_s)


class ColourDetector(FakeDetector):
    """Finds what is in sight of each colour: its bounding box, with the colour as its class."""

    def __init__(self, config: Optional[Config] = None, names: Optional[Dict[int, str]] = None) -> None:
        super().__init__(config=config)
        self.labels = Labels(names or {})

    def suppress(self, batch: Batch) -> None:
        """Third step."""
        batch.results = [find_colours(frame.image) for frame in batch.frames]


def find_colours(picture: np.ndarray) -> Detections:
    """The things in a picture, in an order that changes from frame to frame."""
    plane = picture[:, :, 0]
    rows: List[Tuple[int, List[float]]] = []
    for class_id in np.unique(plane[plane > 0]).tolist():
        down, across = np.nonzero(plane == class_id)
        if len(down) >= LEAST_PX:
            edges = [down.min(), across.min(), down.max() + 1, across.max() + 1]
            rows.append((class_id, [edge / px for edge, px in zip(edges, plane.shape * 2)]))
    if plane.sum() % 2:
        rows.reverse()
    return Detections(
        np.array([box for _, box in rows], np.float32).reshape(-1, 4),
        np.full(len(rows), 0.9, np.float32),
        np.array([class_id for class_id, _ in rows], np.int64),
    )
