"""COCO's figures, computed by pycocotools itself."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from splitdet.compat import extra
from splitdet.evaluate.found import FoundObject, coco_record
from splitdet.evaluate.truth import BoxPx, GroundTruth

Figure = Optional[float]
"""0..1; None where no object is there that it could be about."""

NAMES = (
    *("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"),
    *("AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large"),
)
"""Of `COCOeval.stats`, in its order. AP is the mean over IoU 0.50, 0.55, .. 0.95, all classes, all sizes
and at most 100 detections in a picture; it is what papers call mAP."""
MAX_DETECTIONS = 100
"""In a picture; COCO looks at no more."""
_IOU_50 = 0
"""Where IoU 0.50 is among the thresholds."""


@dataclass(frozen=True)
class CocoScores:
    """What COCO's evaluation says."""

    figures: Dict[str, Figure]
    """By `NAMES`."""
    by_class: Dict[int, Dict[str, Figure]]
    """AP and AP50 of each class of the dataset."""


def coco_evaluation() -> Any:
    """The class `COCOeval`; ExtraError where pycocotools is not installed."""
    with extra("eval"):
        from pycocotools.cocoeval import COCOeval
    return COCOeval


def coco_scores(truth: GroundTruth, found: Sequence[FoundObject], kind: str = "bbox") -> CocoScores:
    """COCO's figures for boxes, or for masks.

    Args:
        kind: `bbox`, or `segm` for masks.

    Raises:
        ExtraError: pycocotools is not installed.
        DataError: masks are to be scored, and the size of a picture is not known.
    """
    make = coco_evaluation()
    if kind == "segm":
        truth.check_sizes()
    with contextlib.redirect_stdout(io.StringIO()):  # it prints as it goes
        evaluation = make(_dataset(truth, kind), _results(truth, found, kind), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    # (IoU, recall, class, size, limit); -1 where the class has no object
    precision = np.asarray(evaluation.eval["precision"])[:, :, :, 0, -1]
    by_class = {
        int(class_id): {
            "AP": _mean(precision[:, :, place]),
            "AP50": _mean(precision[_IOU_50, :, place]),
        }
        for place, class_id in enumerate(evaluation.params.catIds)
    }
    return CocoScores(dict(zip(NAMES, map(_figure, evaluation.stats))), by_class)


def _dataset(truth: GroundTruth, kind: str) -> Any:
    """The ground truth as pycocotools has it. Ids of objects begin with 1: it takes 0 for none."""
    of_masks = kind == "segm"
    annotations: List[Dict[str, Any]] = []
    for image in truth.images:
        for one in image.objects:
            annotation: Dict[str, Any] = {
                "id": len(annotations) + 1,
                "image_id": image.id,
                "category_id": one.class_id,
                "bbox": list(one.box_px),
                "area": one.area_px,
                "iscrowd": int(one.crowd),
            }
            if one.segment is not None:
                annotation["segmentation"] = one.segment
            elif of_masks:  # nobody knows its pixels, so its box is ignored, as COCO does with crowds
                annotation.update(segmentation=[_corners(one.box_px)], iscrowd=1)
            annotations.append(annotation)
    return _indexed(truth, annotations)


def _results(truth: GroundTruth, found: Sequence[FoundObject], kind: str) -> Any:
    """Detections as `COCO.loadRes` makes them; that one does not take an empty list."""
    if kind == "segm":
        found = [one for one in found if one.mask is not None]
    if not found:
        return _indexed(truth, [])
    coco = _indexed(truth, []).loadRes([coco_record(one) for one in found])
    if kind == "segm":
        from pycocotools import mask

        for one in coco.dataset["annotations"]:  # loadRes takes the area of the box
            one["area"] = float(mask.area(coco.annToRLE(one)))
    return coco


def _corners(box_px: BoxPx) -> List[float]:
    """A box as a polygon."""
    left, top, width, height = box_px
    right, bottom = left + width, top + height
    return [left, top, right, top, right, bottom, left, bottom]


def _indexed(truth: GroundTruth, annotations: List[Dict[str, Any]]) -> Any:
    from pycocotools.coco import COCO

    coco = COCO()
    coco.dataset = {
        "info": {},
        "images": [
            {"id": image.id, "width": image.width_px, "height": image.height_px}
            for image in truth.images
        ],
        "categories": [{"id": class_id, "name": name} for class_id, name in truth.classes.items()],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco


def _figure(value: Any) -> Figure:
    return float(value) if value >= 0 else None


def _mean(precision: np.ndarray) -> Figure:
    values = precision[precision > -1]
    return float(values.mean()) if values.size else None
