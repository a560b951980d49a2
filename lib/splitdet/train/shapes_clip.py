"""A clip of drawn shapes: something to detect where no photograph and no video can be had."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from splitdet.errors import SinkError
from splitdet.train.shapes import NAMES, paint

FRAMES, FPS, SIDE_PX = 250, 25, 480
_SIZE_PX = 120
_GROUND = (96, 104, 88)
_COLOURS = ((60, 200, 240), (220, 130, 50), (80, 60, 220))
_PERIODS = (125, 83, 62)
"""Frames from one side to the other and back."""


def write_clip(path: Path) -> None:
    """An .avi file in which a circle, a rectangle and a triangle move, each in a lane of its own.

    Raises:
        SinkError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    size = (SIDE_PX, SIDE_PX)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, size)
    if not writer.isOpened():
        raise SinkError(f"{path}: cannot be written")
    for number in range(FRAMES):
        writer.write(_picture(number))
    writer.release()


def _picture(number: int) -> np.ndarray:
    image = np.full((SIDE_PX, SIDE_PX, 3), _GROUND, np.uint8)
    lane_px = SIDE_PX // len(NAMES)
    for lane, (name, colour, period) in enumerate(zip(NAMES, _COLOURS, _PERIODS)):
        way = abs((number / period + lane / 3) % 1 * 2 - 1)
        left = round(way * (SIDE_PX - _SIZE_PX))
        top = lane * lane_px + (lane_px - _SIZE_PX) // 2
        box_px = np.array([top, left, top + _SIZE_PX, left + _SIZE_PX])
        paint(image, name, box_px, np.array(colour, np.float64))
    return image
