"""Boxes made ready for suppression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np

from splitdet.nms.settings import TINY, Clip, NmsSettings

_SMALL, _LARGE = np.float32(1e-30), np.float32(1e15)
"""Coordinates between these have no subnormal differences, and no infinite areas."""


@dataclass
class Candidates:
    """Boxes in the order in which they are looked at."""

    boxes: np.ndarray
    """float32 (M, 4), clipped."""
    scores: np.ndarray
    """float32 (M,), falling."""
    classes: np.ndarray
    """int64 (M,), from 0."""
    low: np.ndarray
    """float32 (M, 2): the lesser y and x."""
    high: np.ndarray
    """float32 (M, 2): the greater y and x."""
    areas: np.ndarray
    """float32 (M,)."""

    def __getitem__(self, index: np.ndarray) -> Candidates:
        return Candidates(
            self.boxes[index],
            self.scores[index],
            self.classes[index],
            self.low[index],
            self.high[index],
            self.areas[index],
        )


def prepare(
    boxes: np.ndarray,
    scores: np.ndarray,
    classes: np.ndarray,
    window: Optional[np.ndarray],
    settings: NmsSettings,
) -> Optional[Candidates]:
    """What is done to boxes before suppression; None where numbers are out of the range of `_usual`."""
    if settings.clip == Clip.BEFORE and window is not None:
        boxes = np.maximum(np.minimum(boxes, window[[2, 3, 2, 3]]), window[[0, 1, 0, 1]])
    if not _usual(boxes):
        if not settings.drops_unusual:
            return None
        boxes = np.where(np.abs(boxes) < _SMALL, np.float32(0), boxes)
        left = np.flatnonzero((np.abs(boxes) <= _LARGE).all(1))
        boxes, scores, classes = boxes[left], scores[left], classes[left]
    if settings.drops_flat:
        sides = boxes[:, 2:] - boxes[:, :2]
        wide = np.flatnonzero(sides[:, 0] * sides[:, 1] >= TINY)
        if len(wide) < len(boxes):
            boxes, scores, classes = boxes[wide], scores[wide], classes[wide]
    if settings.to_window_frame and window is not None:
        scale = np.float32(1) / (window[2:] - window[:2])
        boxes = scale[[0, 1, 0, 1]] * (boxes - window[[0, 1, 0, 1]])
        if not _usual(boxes):
            return None
    low = np.minimum(boxes[:, :2], boxes[:, 2:])
    high = np.maximum(boxes[:, :2], boxes[:, 2:])
    sides = high - low
    areas = sides[:, 0] * sides[:, 1]
    areas[areas < TINY] = 0
    if settings.repeats_flat and not areas.all():
        return None
    return Candidates(boxes, scores, classes, low, high, areas)


def _usual(boxes: np.ndarray) -> bool:
    size = np.abs(boxes)
    return bool((((size >= _SMALL) & (size <= _LARGE)) | (size == 0)).all())
