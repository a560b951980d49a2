"""Average precision as Pascal VOC defines it, class by class.

Detections of a class go through best first. Each is compared with the object of the class that it
overlaps most: from an IoU of 0.5 on it is right, unless a better one was there before. Objects that
are difficult (or crowds, of which VOC knows nothing) count neither way. (M. Everingham et al., "The
Pascal Visual Object Classes (VOC) Challenge", 2010, section 4.2; VOCevaldet.m of the development kit.)

VOC's own boxes name the first and last pixel, so that it adds 1 to each side. Here edges lie between
pixels, and nothing is added.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from splitdet.evaluate.found import FoundObject
from splitdet.evaluate.overlap import overlaps
from splitdet.evaluate.truth import GroundTruth, Id, TrueObject

MIN_IOU = 0.5


@dataclass(frozen=True)
class Curve:
    """Precision against recall of one class, as the score that is asked for falls."""

    scores: np.ndarray
    """float64 (N,), falling; of the detections that count."""
    right: np.ndarray
    """bool (N,): which of them are right."""
    objects: int
    """Objects that were to be found."""

    @property
    def recall(self) -> np.ndarray:
        """float64 (N,): share of the objects that were found so far; 0 where there are none."""
        return np.cumsum(self.right) / max(self.objects, 1)

    @property
    def precision(self) -> np.ndarray:
        """float64 (N,): share of the detections so far that are right."""
        return np.cumsum(self.right) / np.arange(1, len(self.right) + 1)

    def ap07(self) -> Optional[float]:
        """Until 2007: mean of the best precisions from recall 0, 0.1, .. 1 on; None without objects."""
        if not self.objects:
            return None
        # a tenth as a quotient, as recall is one: equal shares are then equal numbers
        tops = [self.precision[self.recall >= tenth / 10] for tenth in range(11)]
        return float(np.mean([top.max() if len(top) else 0.0 for top in tops]))

    def ap10(self) -> Optional[float]:
        """Since 2010: area below the precision, made falling; None without objects."""
        if not self.objects:
            return None
        steps = np.diff(self.recall, prepend=0.0)
        return float(np.sum(steps * self.falling_precision()))

    def falling_precision(self) -> np.ndarray:
        """float64 (N,): at each recall the best precision from there on."""
        return np.asarray(np.maximum.accumulate(self.precision[::-1])[::-1])

    def at(self, threshold: float) -> Tuple[Optional[float], Optional[float]]:
        """Precision and recall of the detections that score at least `threshold`.

        None where nothing is found, and where there is nothing to find.
        """
        count = int(np.sum(self.scores >= threshold))
        right = int(np.sum(self.right[:count]))
        return right / count if count else None, right / self.objects if self.objects else None


def voc_curves(
    truth: GroundTruth, found: Sequence[FoundObject], min_iou: float = MIN_IOU
) -> Dict[int, Curve]:
    """The curve of each class of the dataset."""
    objects: Dict[int, Dict[Id, List[TrueObject]]] = defaultdict(lambda: defaultdict(list))
    for image in truth.images:
        for one in image.objects:
            objects[one.class_id][image.id].append(one)
    of_class: Dict[int, List[FoundObject]] = defaultdict(list)
    for detection in found:
        of_class[detection.class_id].append(detection)
    return {
        class_id: _curve(objects[class_id], of_class[class_id], min_iou) for class_id in truth.classes
    }


def _curve(objects: Dict[Id, List[TrueObject]], found: List[FoundObject], min_iou: float) -> Curve:
    found = sorted(found, key=lambda one: -one.score)  # stable: equal scores keep their order
    wanted = {image_id: [_counts(one) for one in some] for image_id, some in objects.items()}
    taken = {image_id: [False] * len(some) for image_id, some in objects.items()}
    scores, right = [], []
    for detection in found:
        image_id = detection.image_id
        some = objects.get(image_id, [])
        is_right = False
        if some:
            shares = overlaps([detection.box_px], [one.box_px for one in some])[0]
            best = int(np.argmax(shares))
            if shares[best] >= min_iou:
                if not wanted[image_id][best]:
                    continue
                is_right = not taken[image_id][best]
                taken[image_id][best] = True
        scores.append(detection.score)
        right.append(is_right)
    count = sum(sum(some) for some in wanted.values())
    return Curve(np.array(scores, np.float64), np.array(right, np.bool_), count)


def _counts(one: TrueObject) -> bool:
    return not (one.crowd or one.difficult)
