"""Frames and what was found in them, for tests of what shows and writes results."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from splitdet.types import Detections, Frame

PICTURE = np.random.RandomState(0).randint(0, 256, (48, 64, 3)).astype(np.uint8)
FOUND = Detections(
    np.array([[0.1, 0.25, 0.5, 0.75], [0, 0, 1, 1]], np.float32),
    np.array([0.9, 0.5], np.float32),
    np.array([1, 7], np.int64),
)


def frame(
    index: int = 0, source: str = "a.png", time_s: float = 0.0, size: Sequence[int] = (48, 64)
) -> Frame:
    """A black frame."""
    return Frame(np.zeros((*size, 3), np.uint8), index, source, time_s, 0.0)


def pictured(index: int = 0, source: str = "a.png") -> Frame:
    """A frame that shows `PICTURE`."""
    return Frame(PICTURE.copy(), index, source, 0.0, 0.0)


def with_masks_and_tracks() -> Detections:
    """`FOUND` with masks that fill their boxes but for a corner, and with tracks 12 and 5."""
    masks = np.ones((2, 5, 5), np.float32)
    masks[:, :2, :2] = 0
    return Detections(FOUND.boxes, FOUND.scores, FOUND.classes, masks, np.array([12, 5]))
