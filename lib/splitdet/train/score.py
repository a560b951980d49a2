"""Average precision while training: that of Pascal VOC since 2010, at an IoU of 0.5."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

import numpy as np

from splitdet.train.samples import Sample
from splitdet.train.targets import MIN_IOU, overlap
from splitdet.types import Detections


def average_precisions(samples: Sequence[Sample], found: Sequence[Detections]) -> Dict[int, float]:
    """AP50 of each class that the samples have, 0..1.

    Args:
        found: the detections of each sample, best first.
    """
    numbers = sorted({int(number) for sample in samples for number in sample.classes})
    return {number: _of_class(samples, found, number) for number in numbers}


def _of_class(samples: Sequence[Sample], found: Sequence[Detections], number: int) -> float:
    hits: List[Tuple[float, bool]] = []
    objects = 0
    for sample, detections in zip(samples, found):
        boxes = sample.boxes[sample.classes == number]
        objects += len(boxes)
        taken = np.zeros(len(boxes), np.bool_)
        mine = detections.classes == number
        ious = overlap(detections.boxes[mine], boxes)
        for score, row in zip(detections.scores[mine], ious):
            best = int(row.argmax()) if len(row) else -1
            right = best >= 0 and row[best] >= MIN_IOU and not taken[best]
            if right:
                taken[best] = True
            hits.append((float(score), bool(right)))
    hits.sort(key=lambda hit: -hit[0])
    right_ones = np.cumsum([right for _, right in hits]) if hits else np.zeros(0)
    precision = right_ones / np.arange(1, len(hits) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0.0], right_ones / objects]))
    return float(np.sum(steps * falling))
