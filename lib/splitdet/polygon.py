"""A polygon in a frame: which points lie in it, and which pixels it covers."""

from __future__ import annotations

from functools import lru_cache
from typing import Tuple

import cv2
import numpy as np

Polygon = Tuple[Tuple[float, float], ...]
"""Its corners in order: x and y, each 0..1 of the frame's width or height."""


def contains(polygon: Polygon, points: np.ndarray) -> np.ndarray:
    """Which points lie in the polygon or on its edge: bool (N,).

    Args:
        points: float32 (N, 2), x and y, each 0..1.
    """
    contour = np.array(polygon, np.float32)
    inside = [cv2.pointPolygonTest(contour, (float(x), float(y)), False) >= 0 for x, y in points]
    return np.array(inside, np.bool_)


@lru_cache(maxsize=8)
def covered(polygon: Polygon, height: int, width: int) -> np.ndarray:
    """Which pixels of a picture the polygon covers: bool (height, width), read-only."""
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [corners_px(polygon, height, width)], 1)
    inside = mask.astype(np.bool_)
    inside.flags.writeable = False
    return inside


def corners_px(polygon: Polygon, height: int, width: int) -> np.ndarray:
    """The corners as pixels of a picture: int32 (N, 2), x and y."""
    corners = np.array(polygon) * (width, height) - 0.5  # a pixel's number is half less than its middle
    return np.asarray(np.rint(corners.clip(0, (width - 1, height - 1))), np.int32)
