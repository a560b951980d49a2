"""Boxes, masks, names and figures on a copy of a frame."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import cv2
import numpy as np

from splitdet.labels import Labels
from splitdet.masks import place_mask
from splitdet.polygon import Polygon, corners_px
from splitdet.types import Detections, Segmentation
from splitdet.visualize.palette import Colour, colour

ALPHA = 0.45
"""How much of the picture a mask covers, 0..1."""
ROI_COLOUR = colour(0)  # that of the background, which is never drawn
_NOTE_COLOUR = (40, 40, 40)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def describe(found: Detections, labels: Labels) -> str:
    """What was found, in one line: names with scores or, of a segmented picture, with shares."""
    if isinstance(found, Segmentation):
        parts = [f"{labels[c]} {100 * share:.1f}%" for c, share in found.shares().items()]
    else:
        parts = [f"{labels[c]} {score:.2f}" for c, score in zip(found.classes, found.scores)]
    return ", ".join(parts) or "nothing"


def draw_found(picture: np.ndarray, found: Detections, labels: Labels) -> None:
    """Draw all that was found into `picture` (uint8 (H, W, 3), BGR), best on top."""
    if isinstance(found, Segmentation):
        blend_segmentation(picture, found)
        _draw_boxes(picture, found, _names(found, labels))
        _draw_legend(picture, found, labels)
        return
    if found.masks is not None:
        blend_masks(picture, found)
    percents = [f"{100 * float(score):.0f}%" for score in found.scores]
    names = _names(found, labels)
    _draw_boxes(picture, found, [f"{name} {percent}" for name, percent in zip(names, percents)])


def _names(found: Detections, labels: Labels) -> List[str]:
    """What each is, and which one where that is known: `person #12`."""
    names = [labels[class_id] for class_id in found.classes]
    if found.tracks is not None:
        names = [f"{name} #{track}" for name, track in zip(names, found.tracks)]
    return names


def blend_masks(picture: np.ndarray, found: Detections) -> None:
    """Tint the pixels of each object with the colour of its class."""
    assert found.masks is not None
    height, width = picture.shape[:2]
    for mask, box, class_id in reversed(list(zip(found.masks, found.boxes, found.classes))):
        rows, columns, inside = place_mask(mask, box, height, width)
        region = picture[rows, columns]
        if region.size:
            _tint(region, np.full_like(region, colour(int(class_id))), inside)


def blend_segmentation(picture: np.ndarray, found: Segmentation) -> None:
    """Tint every pixel that is not background with the colour of its class."""
    palette = np.array([colour(class_id) for class_id in range(256)], np.uint8)
    size = (picture.shape[1], picture.shape[0])
    paint = cv2.resize(palette[found.pixels], size, interpolation=cv2.INTER_NEAREST)
    inside = cv2.resize(found.pixels, size, interpolation=cv2.INTER_NEAREST) > 0
    _tint(picture, paint, inside)


def _tint(picture: np.ndarray, paint: np.ndarray, inside: np.ndarray) -> None:
    """Mix `paint` into the pixels that lie `inside`; the sum is rounded and cannot leave 0..255."""
    mixed = cv2.addWeighted(picture, 1 - ALPHA, paint, ALPHA, 0)
    cv2.copyTo(mixed, inside.astype(np.uint8), picture)


def _draw_boxes(picture: np.ndarray, found: Detections, texts: Sequence[str]) -> None:
    height, width = picture.shape[:2]
    line_px = max(2, round(min(height, width) / 200))
    for box, class_id, text in reversed(list(zip(found.boxes, found.classes, texts))):
        top, left, bottom, right = (
            round(float(edge) * size) for edge, size in zip(box, (height, width) * 2)
        )
        paint = colour(int(class_id))
        cv2.rectangle(picture, (left, top), (right, bottom), paint, line_px)
        _tag(picture, text, (left - line_px // 2, top), paint)


def _draw_legend(picture: np.ndarray, found: Segmentation, labels: Labels) -> None:
    """Name and share of each class, in its colour, from the lower left corner up."""
    bottom = picture.shape[0]
    for class_id, share in reversed(list(found.shares().items())):
        if class_id and bottom > 0:
            text = f"{labels[class_id]} {100 * share:.1f}%"
            bottom -= _tag(picture, text, (0, bottom), colour(class_id))


def draw_roi(picture: np.ndarray, roi: Polygon) -> None:
    """Draw the edge of `roi` into `picture`, one pixel thin."""
    cv2.polylines(picture, [corners_px(roi, *picture.shape[:2])], True, ROI_COLOUR)


def draw_notes(picture: np.ndarray, notes: Sequence[str]) -> None:
    """Write a line for each note, from the top left corner down."""
    top = 0
    for note in notes:
        top += _tag(picture, note, (0, top), _NOTE_COLOUR, hangs=True)


def _tag(
    picture: np.ndarray, text: str, corner: Tuple[int, int], paint: Colour, hangs: bool = False
) -> int:
    """White text on a filled box, moved inside the picture.

    Args:
        corner: column and row of the bottom left of the box, or of its top left if it `hangs`.

    Returns:
        how high the box is, pixels.
    """
    scale = max(0.4, min(picture.shape[:2]) / 1000)
    weight = max(1, round(scale * 1.5))
    (width, height), below = cv2.getTextSize(text, _FONT, scale, weight)
    width, height = width + 4, height + below + 4
    left = max(0, min(corner[0], picture.shape[1] - width))
    bottom = corner[1] + height if hangs else max(height, corner[1])
    cv2.rectangle(picture, (left, bottom - height), (left + width, bottom), paint, cv2.FILLED)
    cv2.putText(
        picture, text, (left + 2, bottom - below), _FONT, scale, (255, 255, 255), weight, cv2.LINE_AA
    )
    return int(height)
