"""What was found: by a detector, or as a file of results says."""

from __future__ import annotations

import logging
import re
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence

import numpy as np

from splitdet.compat import extra
from splitdet.errors import DataError
from splitdet.evaluate.truth import BoxPx, GroundTruth, Id
from splitdet.labels import Labels
from splitdet.types import Detections

log = logging.getLogger(__name__)

_SYNONYMS = {"airplane": "aeroplane", "motorcycle": "motorbike", "couch": "sofa", "tv": "tvmonitor"}
"""Names of COCO, and what Pascal VOC calls the same."""


class FoundObject(NamedTuple):
    """One detection, in the terms of the dataset."""

    image_id: Id
    class_id: int
    """Of the dataset."""
    box_px: BoxPx
    score: float
    """0..1."""
    mask: Any = None
    """Run lengths as pycocotools takes them; None where there is no mask."""


def match_classes(truth: GroundTruth, labels: Labels) -> Dict[int, int]:
    """The model's class ids to those of the dataset, by their names.

    Case, blanks, dashes and underscores do not matter. A model without names has the dataset's ids.

    Raises:
        DataError: not one class of the dataset is known to the model.
    """
    if not labels.names or not truth.classes:
        ids = sorted(truth.classes) or sorted(labels.names)
        return dict(zip(ids, ids))
    of_name = {_plain(name): class_id for class_id, name in truth.classes.items()}
    found = {
        class_id: of_name[_plain(name)]
        for class_id, name in labels.names.items()
        if _plain(name) in of_name
    }
    if not found:
        raise DataError(
            f"{truth.name}: its classes ({_some(truth.classes.values())}) are none of the model's "
            f"({_some(labels.names.values())}); name the model's own with --set label_path=FILE"
        )
    return found


def warn_of_unknown(truth: GroundTruth, classes: Dict[int, int]) -> None:
    """Say which classes of the dataset the model cannot find.

    Args:
        classes: see `match_classes`.
    """
    known = set(classes.values())
    unknown = [name for class_id, name in truth.classes.items() if class_id not in known]
    if unknown:
        log.warning(
            "%s: the model does not know %s; these count as never found", truth.name, _some(unknown)
        )


def objects_of(
    found: Detections, image_id: Id, height: int, width: int, classes: Dict[int, int]
) -> List[FoundObject]:
    """The detections of one picture that are of a class of the dataset.

    Args:
        height: of the picture, pixels.
        width: of the picture, pixels.
        classes: see `match_classes`.
    """
    keep = [row for row, class_id in enumerate(found.classes.tolist()) if class_id in classes]
    edges = (found.boxes * np.array([height, width] * 2)).tolist()
    masks: Sequence[Any] = [None] * len(found)
    if found.masks is not None and keep:
        masks = encode_masks(found.frame_masks(height, width))
    objects = []
    for row in keep:
        top, left, bottom, right = edges[row]
        class_id, score = classes[int(found.classes[row])], float(found.scores[row])
        box = (left, top, right - left, bottom - top)
        objects.append(FoundObject(image_id, class_id, box, score, masks[row]))
    return objects


def encode_masks(masks: np.ndarray) -> List[Any]:
    """bool (N, H, W) as run lengths.

    Raises:
        ExtraError: pycocotools is not installed.
    """
    with extra("eval"):
        from pycocotools import mask as coco_mask
    encoded: List[Any] = coco_mask.encode(np.asfortranarray(masks.transpose(1, 2, 0), np.uint8))
    return encoded


def coco_record(one: FoundObject) -> Dict[str, Any]:
    """A detection as COCO's results have it."""
    record = one._asdict()
    record["category_id"], record["bbox"] = record.pop("class_id"), list(record.pop("box_px"))
    mask = record.pop("mask")
    if mask is not None:
        counts = mask["counts"]
        text = counts.decode("ascii") if isinstance(counts, bytes) else counts
        record["segmentation"] = {"size": list(mask["size"]), "counts": text}
    return dict(record)


def _plain(name: str) -> str:
    name = re.sub(r"[\s_-]+", "", name).casefold()
    return _SYNONYMS.get(name, name)


def _some(names: Iterable[str], most: int = 5) -> str:
    names = list(names)
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
