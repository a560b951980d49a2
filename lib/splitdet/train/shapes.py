"""Pictures of shapes, drawn by the number: something to learn where there are no photographs."""

from __future__ import annotations

from functools import partial
from typing import List, Tuple

import cv2
import numpy as np

from splitdet.errors import DataError
from splitdet.labels import Labels
from splitdet.train.samples import Sample
from splitdet.train.targets import overlap

PREFIX = "shapes:"
NAMES = ("circle", "rectangle", "triangle")
_SIDE_PX = 192
_MOST = 4
_SIZES = (0.1, 0.45)
_CONTRAST = 60.0
"""Least distance of a shape's colour from the ground, of 441."""


def draw_shapes(text: str) -> Tuple[List[Sample], Labels]:
    """The samples that `shapes:COUNT` or `shapes:COUNT:SEED` stands for.

    Raises:
        DataError: not of that form.
    """
    count, _, seed = text[len(PREFIX) :].partition(":")
    if not (count.isdigit() and (seed or "0").isdigit() and int(count)):
        raise DataError(f"{text}: expects {PREFIX}COUNT or {PREFIX}COUNT:SEED")
    samples = [_sample(int(seed or 0), index) for index in range(int(count))]
    return samples, Labels(dict(enumerate(NAMES, start=1)))


def _sample(seed: int, index: int) -> Sample:
    random = np.random.RandomState([seed, index])
    image, boxes, classes = _draw(random)
    return Sample(f"{PREFIX}{index}:{seed}", partial(np.copy, image), boxes, classes)


def _draw(random: np.random.RandomState) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture, boxes in parts of it, and classes."""
    ground = random.uniform(0, 255, 3)
    image = np.full((_SIDE_PX, _SIDE_PX, 3), ground, np.float32)
    slope = np.linspace(-1, 1, _SIDE_PX)[:, None, None] * random.uniform(-40, 40, 3)
    image += slope if random.uniform() < 0.5 else slope.transpose(1, 0, 2)
    image += random.standard_normal(image.shape) * random.uniform(0, 12)
    image = np.clip(image, 0, 255).astype(np.uint8)
    boxes = np.zeros((0, 4), np.float32)
    classes: List[int] = []
    for _ in range(random.randint(1, _MOST + 1)):
        size = random.uniform(*_SIZES, 2)
        kind = random.randint(len(NAMES))
        size = np.full(2, size[0]) if NAMES[kind] == "circle" else size
        corner = random.uniform(0, 1 - size)
        box = np.rint(np.hstack([corner, corner + size]) * _SIDE_PX).astype(np.float32) / _SIDE_PX
        colour = random.uniform(0, 255, 3)
        if np.linalg.norm(colour - ground) < _CONTRAST or overlap(box[None], boxes).sum() > 0:
            continue
        paint(image, NAMES[kind], np.rint(box * _SIDE_PX).astype(int), colour)
        boxes = np.vstack([boxes, box])
        classes.append(kind + 1)
    return image, boxes, np.array(classes, np.int64)


def paint(image: np.ndarray, name: str, box_px: np.ndarray, colour: np.ndarray) -> None:
    """Draw a shape of `NAMES` that fills a box: top, left, bottom, right."""
    top, left, bottom, right = (int(edge) for edge in box_px)
    if name == "rectangle":
        image[top:bottom, left:right] = colour
    elif name == "circle":
        middle = ((left + right - 1) // 2, (top + bottom - 1) // 2)
        cv2.circle(image, middle, (right - left) // 2, colour.tolist(), -1, cv2.LINE_AA)
    else:
        points = [[(left + right) // 2, top], [left, bottom - 1], [right - 1, bottom - 1]]
        cv2.fillPoly(image, [np.array(points, np.int32)], colour.tolist(), cv2.LINE_AA)
