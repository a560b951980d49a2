"""Boxes, names and figures on a copy of a frame."""

from __future__ import annotations

import colorsys
from functools import lru_cache
from typing import Tuple

import cv2
import numpy as np

from splitdet.labels import Labels
from splitdet.types import Detections

Colour = Tuple[int, int, int]
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_GOLDEN = 0.618033988749895  # steps of the golden ratio keep neighbouring ids far apart in hue


@lru_cache(maxsize=None)
def colour(class_id: int) -> Colour:
    """The colour of a class, BGR: always the same, and strong enough for white text on it."""
    hue = (0.1 + class_id * _GOLDEN) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, 0.38, 0.85)
    return int(255 * blue), int(255 * green), int(255 * red)


def draw_detections(picture: np.ndarray, found: Detections, labels: Labels) -> None:
    """Draw boxes with name and percent into `picture` (uint8 (H, W, 3), BGR), best on top."""
    height, width = picture.shape[:2]
    line_px = max(2, round(min(height, width) / 200))
    scale = max(0.4, min(height, width) / 1000)
    for box, score, class_id in reversed(list(zip(found.boxes, found.scores, found.classes))):
        top, left, bottom, right = (
            round(float(edge) * size) for edge, size in zip(box, (height, width) * 2)
        )
        paint = colour(int(class_id))
        cv2.rectangle(picture, (left, top), (right, bottom), paint, line_px)
        text = f"{labels[class_id]} {100 * float(score):.0f}%"
        _tag(picture, text, (left - line_px // 2, top), paint, scale)


def draw_fps(picture: np.ndarray, fps: float) -> None:
    """Write the detection rate into the top left corner."""
    scale = max(0.4, min(picture.shape[:2]) / 1000)
    _tag(picture, f"FPS {fps:.1f}", (0, 0), (40, 40, 40), scale)


def _tag(picture: np.ndarray, text: str, corner: Tuple[int, int], paint: Colour, scale: float) -> None:
    """White text on a filled box whose bottom left is `corner`, moved inside the picture."""
    weight = max(1, round(scale * 1.5))
    (width, height), below = cv2.getTextSize(text, _FONT, scale, weight)
    width, height = width + 4, height + below + 4
    left = max(0, min(corner[0], picture.shape[1] - width))
    bottom = max(height, corner[1])
    cv2.rectangle(picture, (left, bottom - height), (left + width, bottom), paint, cv2.FILLED)
    cv2.putText(
        picture, text, (left + 2, bottom - below), _FONT, scale, (255, 255, 255), weight, cv2.LINE_AA
    )
