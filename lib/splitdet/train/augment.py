"""Other views of a picture: mirrored, cut out or shrunk, in another light."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np

from splitdet.train.samples import Sample

VISIBLE = 0.5
"""A box stays if at least this part of its area lies in the new picture; it is cut at the edges."""
_TRIES = 20
_SCALES = (0.5, 1.3)
"""Side of the window, in parts of the picture; what lies outside is grey."""
_STRETCH = 1.2
_GREY = 127

View = Tuple[np.ndarray, np.ndarray, np.ndarray]
"""Picture uint8 (H, W, 3), BGR; boxes float32 (K, 4) in parts of it; classes int64 (K,)."""


def plain_view(sample: Sample) -> View:
    """The picture as it is."""
    return sample.pixels(), sample.boxes, sample.classes


def augmented_view(
    sample: Sample, random: np.random.RandomState, flip: bool = True, turn: bool = False
) -> View:
    """A random view; the same state of `random` gives the same one.

    Args:
        flip: whether it may be mirrored left to right.
        turn: whether it may be turned by 90, 180 or 270 degrees.
    """
    image, boxes, classes = plain_view(sample)
    if flip and random.uniform() < 0.5:
        image, boxes = _mirrored(image, boxes)
    if turn:
        for _ in range(random.randint(4)):
            image, boxes = _turned(image, boxes)
    if random.uniform() < 0.8:
        image, boxes, classes = _windowed(image, boxes, classes, random)
    return _recoloured(image, random), boxes, classes


def _mirrored(image: np.ndarray, boxes: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    return image[:, ::-1], np.stack([boxes[:, 0], 1 - boxes[:, 3], boxes[:, 2], 1 - boxes[:, 1]], axis=1)


def _turned(image: np.ndarray, boxes: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """A quarter turn to the left."""
    corners = [1 - boxes[:, 3], boxes[:, 0], 1 - boxes[:, 1], boxes[:, 2]]
    return np.rot90(image), np.stack(corners, axis=1)


def _windowed(
    image: np.ndarray, boxes: np.ndarray, classes: np.ndarray, random: np.random.RandomState
) -> View:
    """What a window over the picture shows; the picture itself where no window shows a box well."""
    for _ in range(_TRIES):
        scale = random.uniform(*_SCALES)
        stretch = np.exp(random.uniform(-1, 1) * np.log(_STRETCH) / 2)
        sides = np.array([scale * stretch, scale / stretch])
        corner = random.uniform(np.minimum(0, 1 - sides), np.maximum(0, 1 - sides))
        shown, keep = boxes_in_window(boxes, corner, sides)
        if keep.any() or not len(boxes):
            return _cut_out(image, corner, sides), shown[keep], classes[keep]
    return image, boxes, classes


def boxes_in_window(
    boxes: np.ndarray, corner: np.ndarray, sides: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Boxes in parts of a window, cut at its edges; and which of them stay, see `VISIBLE`.

    Args:
        corner: (2,), ymin and xmin of the window in parts of the picture; may be negative.
        sides: (2,), height and width of it.
    """
    moved = (boxes - np.tile(corner, 2)) / np.tile(sides, 2)
    clipped = np.clip(moved, 0, 1).astype(np.float32)
    areas = [np.prod(some[:, 2:] - some[:, :2], axis=1) for some in (moved, clipped)]
    return clipped, areas[1] >= VISIBLE * areas[0]


def _cut_out(image: np.ndarray, corner: np.ndarray, sides: np.ndarray) -> np.ndarray:
    size = np.array(image.shape[:2])
    begin = np.rint(corner * size).astype(int)
    end = np.maximum(np.rint((corner + sides) * size).astype(int), begin + 1)
    inside = image[max(begin[0], 0) : end[0], max(begin[1], 0) : end[1]]
    before, behind = np.maximum(-begin, 0), np.maximum(end - size, 0)
    return np.asarray(
        cv2.copyMakeBorder(
            np.ascontiguousarray(inside),
            *(int(before[0]), int(behind[0]), int(before[1]), int(behind[1])),
            cv2.BORDER_CONSTANT,
            value=(_GREY,) * 3,
        )
    )


def _recoloured(image: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """Another brightness, contrast and strength of colour."""
    pixels = image.astype(np.float32)
    pixels += random.uniform(-32, 32)
    pixels = (pixels - 127.5) * random.uniform(0.7, 1.3) + 127.5
    grey = pixels.mean(axis=2, keepdims=True)
    pixels = grey + (pixels - grey) * random.uniform(0.6, 1.4)
    return np.asarray(np.clip(pixels, 0, 255).astype(np.uint8))
