"""What was taken for what, at the score threshold that is deployed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

import numpy as np

from splitdet.evaluate.found import FoundObject
from splitdet.evaluate.overlap import overlaps
from splitdet.evaluate.truth import GroundTruth, Id, TrueObject
from splitdet.evaluate.voc_scores import MIN_IOU

NOTHING = "nothing"


@dataclass(frozen=True)
class Confusion:
    """Counts of objects by what they are and what they were found as."""

    names: Tuple[str, ...]
    """Of the classes that occur, and `NOTHING` last."""
    counts: np.ndarray
    """int64 (C + 1, C + 1): row is what it is, column what was found. The last row: found, but nothing
    is there; the last column: not found."""

    def as_record(self) -> Dict[str, Dict[str, int]]:
        """What it is, what it was found as, and how often; without what never was."""
        rows = zip(self.names, self.counts.tolist())
        return {
            name: {other: count for other, count in zip(self.names, row) if count}
            for name, row in rows
            if any(row)
        }


def confusion(
    truth: GroundTruth, found: Sequence[FoundObject], threshold: float, min_iou: float = MIN_IOU
) -> Confusion:
    """Pair objects with detections of any class, those that overlap most first, each at most once.

    Detections of crowds and of difficult objects are left out.

    Args:
        threshold: least score.
    """
    of_image: Dict[Id, List[FoundObject]] = defaultdict(list)
    for one in found:
        if one.score >= threshold:
            of_image[one.image_id].append(one)
    pairs: List[Tuple[int, int]] = []
    for image in truth.images:
        pairs += _pairs(image.objects, of_image[image.id], min_iou)
    classes = sorted({class_id for pair in pairs for class_id in pair} - {_NONE})
    place = {class_id: row for row, class_id in enumerate([*classes, _NONE])}
    counts = np.zeros((len(place), len(place)), np.int64)
    for true_class, found_class in pairs:
        counts[place[true_class], place[found_class]] += 1
    return Confusion((*(truth.classes[class_id] for class_id in classes), NOTHING), counts)


_NONE = -1


def _pairs(
    objects: Sequence[TrueObject], found: List[FoundObject], min_iou: float
) -> List[Tuple[int, int]]:
    """What each object is and was found as; then what was found where nothing is."""
    shares = overlaps([one.box_px for one in objects], [one.box_px for one in found])
    rows, columns = np.nonzero(shares >= min_iou)
    order = np.argsort(-shares[rows, columns], kind="stable")
    partner: Dict[int, int] = {}
    for row, column in zip(rows[order].tolist(), columns[order].tolist()):
        if row not in partner and column not in partner.values():
            partner[row] = column
    pairs = [
        (one.class_id, found[partner[row]].class_id if row in partner else _NONE)
        for row, one in enumerate(objects)
        if not (one.crowd or one.difficult)
    ]
    pairs += [
        (_NONE, one.class_id) for column, one in enumerate(found) if column not in partner.values()
    ]
    return pairs
