"""Average precision while training: that of Pascal VOC since 2010, at an IoU of 0.5."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Mapping, Sequence

from splitdet.evaluate.found import FoundObject, objects_of
from splitdet.evaluate.truth import GroundTruth, LabelledImage, TrueObject
from splitdet.evaluate.voc_scores import voc_curves
from splitdet.train.samples import Sample
from splitdet.types import Detections


def average_precisions(samples: Sequence[Sample], found: Sequence[Detections]) -> Dict[int, float]:
    """AP50 of each class that the samples have, 0..1.

    Args:
        found: the detections of each sample, best first.
    """
    ids = {int(number): int(number) for sample in samples for number in sample.classes}
    images = tuple(_labelled(number, sample) for number, sample in enumerate(samples))
    truth = GroundTruth("validation pictures", images, {number: str(number) for number in sorted(ids)})
    # overlaps are the same in a picture that is stretched to a side of 1
    objects: List[FoundObject] = []
    for number, detections in enumerate(found):
        objects += objects_of(detections, number, 1, 1, ids)
    scores = {number: curve.ap10() for number, curve in voc_curves(truth, objects).items()}
    return {number: score for number, score in scores.items() if score is not None}


def mean_precision(scores: Mapping[int, float]) -> float:
    """Mean of the classes, 0..1; 0 where the pictures have no objects, and so no classes."""
    return sum(scores.values()) / len(scores) if scores else 0.0


def _labelled(number: int, sample: Sample) -> LabelledImage:
    """Objects in a picture whose sides are 1."""
    objects = []
    for (top, left, bottom, right), class_id in zip(sample.boxes.tolist(), sample.classes.tolist()):
        size = (right - left, bottom - top)
        objects.append(TrueObject(class_id, (left, top, *size), size[0] * size[1]))
    return LabelledImage(number, Path(sample.name), 1, 1, tuple(objects))
