"""Overlap of boxes."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from splitdet.evaluate.truth import BoxPx


def overlaps(boxes: Sequence[BoxPx], others: Sequence[BoxPx]) -> np.ndarray:
    """Intersection over union of each box with each of the others: float64 (N, M), 0..1."""
    one = np.array(boxes, np.float64).reshape(-1, 1, 4)
    other = np.array(others, np.float64).reshape(1, -1, 4)
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., :2] + one[..., 2:], other[..., :2] + other[..., 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    union = np.prod(one[..., 2:], axis=-1) + np.prod(other[..., 2:], axis=-1) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))
