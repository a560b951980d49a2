"""Whether two ways to run a model find the same, so that nobody is fast by being wrong."""

from __future__ import annotations

from typing import Dict, List, Sequence

import numpy as np
from base import Answer, Found

SAME_IOU = 0.9
NEAR_THRESHOLD = 1e-3
"""A score that is as near to the threshold may be on either side of it."""
ALLOWED = 0.01
"""Share of the detections that may differ (of a segmenter: of the pixels) for `same` to be said."""


def agreement(ours: Sequence[Answer], wanted: Sequence[Answer], threshold: float) -> Dict[str, float]:
    """Answers for the same frames against those of the reference.

    Returns:
        of detectors `wanted` (how many), `lost`, `gained` and `score` (largest difference of a
        score of what both have found); of segmenters `pixels`, the share that is the same. And
        `same`: 1 or 0.
    """
    if not isinstance(wanted[0], Found):
        shares = [float(np.mean(one == other)) for one, other in zip(ours, wanted)]
        return {"pixels": round(min(shares), 5), "same": int(min(shares) >= 1 - ALLOWED)}
    lost = gained = 0
    score = 0.0
    for one, other in zip(ours, wanted):
        pairs = _pairs(one, other)
        apart = [abs(float(one.scores[a] - other.scores[b])) for a, b in pairs]
        score = max([score, *apart])
        lost += _clear(other, {b for _, b in pairs}, threshold)
        gained += _clear(one, {a for a, _ in pairs}, threshold)
    count = sum(len(other.scores) for other in wanted)
    return {
        "wanted": count,
        "lost": lost,
        "gained": gained,
        "score": round(score, 6),
        "same": int(lost + gained <= ALLOWED * count),
    }


def _pairs(one: Found, other: Found) -> List[List[int]]:
    """Rows of both that are the same thing, best first."""
    free = set(range(len(other.scores)))
    found: List[List[int]] = []
    for row in np.argsort(-one.scores, kind="stable").tolist():
        alike = [b for b in free if one.classes[row] == other.classes[b]]
        overlaps = {b: _iou(one.boxes[row], other.boxes[b]) for b in alike}
        best = max(overlaps, key=overlaps.__getitem__, default=None)
        if best is not None and overlaps[best] >= SAME_IOU:
            free.remove(best)
            found.append([row, best])
    return found


def _clear(found: Found, paired: set[int], threshold: float) -> int:
    """How many have no partner, and a score that is clearly over the threshold."""
    clear = np.flatnonzero(found.scores >= threshold + NEAR_THRESHOLD).tolist()
    return len(set(clear) - paired)


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.clip(high - low, 0.0, None)))
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return shared / max(areas - shared, 1e-12)
