"""Mean intersection over union (mIoU): how well every pixel's class is known.

Of each class, the pixels that are of it and were found as it, by the pixels that are either; then the
mean over the classes that occur at all, background included. (J. Long et al., "Fully Convolutional
Networks for Semantic Segmentation", 2015, section 5; as `tf.metrics.mean_iou` and DeepLab compute it.)
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Dict, Optional

import cv2
import numpy as np

from splitdet.compat import extra
from splitdet.data.pictures import Problem, inspect
from splitdet.errors import DataError
from splitdet.evaluate.truth import LabelledImage

BACKGROUND = 0
VOID = 255
"""A pixel that does not count: the rim around objects in VOC, crowds in COCO."""


class SegmentScores:
    """Counts pixels by what they are and what they were found as."""

    def __init__(self) -> None:
        self._counts = np.zeros((VOID + 1, VOID + 1), np.int64)

    def add(self, true: np.ndarray, found: np.ndarray) -> None:
        """Count one picture; what was found is brought to the size of the truth.

        Args:
            true: uint8 (H, W), class ids of the model, `VOID` for what does not count.
            found: uint8 (h, w), class ids.
        """
        if found.shape != true.shape:
            size = (true.shape[1], true.shape[0])
            found = cv2.resize(found, size, interpolation=cv2.INTER_NEAREST)
        counts = true != VOID
        pairs = true[counts].astype(np.int64) * (VOID + 1) + found[counts]
        self._counts += np.bincount(pairs, minlength=(VOID + 1) ** 2).reshape(self._counts.shape)

    def by_class(self) -> Dict[int, float]:
        """IoU of each class that is there or was found, 0..1."""
        right = np.diag(self._counts)
        either = self._counts.sum(0) + self._counts.sum(1) - right
        return {
            int(class_id): float(right[class_id] / either[class_id])
            for class_id in np.flatnonzero(either)
        }

    @property
    def mean_iou(self) -> Optional[float]:
        """0..1; None where no pixel counts."""
        values = list(self.by_class().values())
        return float(np.mean(values)) if values else None

    @property
    def pixel_accuracy(self) -> Optional[float]:
        """Share of the pixels whose class was found; None where no pixel counts."""
        total = int(self._counts.sum())
        return float(np.trace(self._counts) / total) if total else None


def true_pixels(image: LabelledImage, classes: Dict[int, int], height: int, width: int) -> np.ndarray:
    """The class of every pixel: uint8 (H, W), ids of the model.

    Args:
        classes: ids of the dataset to those of the model; others are background to it.
        height: of the picture.
        width: of the picture.

    Raises:
        DataError: the picture of class ids cannot be read, or is of another size.
    """
    if image.pixels is not None:
        pixels = _read_ids(image.pixels)
        if pixels.shape != (height, width):
            size = "x".join(map(str, reversed(pixels.shape)))
            raise DataError(f"{image.pixels}: is {size}, but its picture {width}x{height}")
        return pixels
    return _painted(image, classes, height, width)


def _painted(image: LabelledImage, classes: Dict[int, int], height: int, width: int) -> np.ndarray:
    """The segments of all objects; the smaller lies above the larger."""
    with extra("eval"):
        from pycocotools import mask as coco_mask
    pixels = np.full((height, width), BACKGROUND, np.uint8)
    for one in sorted(image.objects, key=lambda one: -one.area_px):
        if one.segment is None:
            continue
        segment: Any = one.segment
        if isinstance(segment, list):
            segment = coco_mask.merge(coco_mask.frPyObjects(segment, height, width))
        elif isinstance(segment["counts"], list):
            segment = coco_mask.frPyObjects(segment, height, width)
        inside = coco_mask.decode(segment) > 0
        pixels[inside] = VOID if one.crowd else classes.get(one.class_id, BACKGROUND)
    return pixels


def _read_ids(path: Path) -> np.ndarray:
    """A PNG of numbers, or of a palette whose indices are they, as VOC has it."""
    with extra("eval"):
        from PIL import Image
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    look, _ = inspect(data)
    if isinstance(look, Problem):
        raise DataError(f"{path}: {look.kind.title}: {look.what}")
    if look.mode not in ("P", "L"):
        raise DataError(
            f"{path}: expects one number a pixel, grey or with a palette, and not {look.mode}"
        )
    with Image.open(io.BytesIO(data)) as picture:
        return np.array(picture, np.uint8)
