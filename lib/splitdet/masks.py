"""Masks of boxes, brought to the size of the frame."""

from __future__ import annotations

from typing import Tuple

import numpy as np

INSIDE = 0.5
"""Above this value a pixel belongs to the object."""


def place_mask(
    mask: np.ndarray, box: np.ndarray, height: int, width: int
) -> Tuple[slice, slice, np.ndarray]:
    """Where a box lies in the frame, and which of its pixels belong to the object.

    Equal to what `reframe_box_masks_to_image_masks` of the Object Detection API makes of it
    (TensorFlow's `crop_and_resize`, then a threshold), but only the pixels of the box are computed.

    Args:
        mask: float32 (h, w), a grid over the box.
        box: float32 (4,), ymin, xmin, ymax, xmax, each 0..1.
        height: of the frame, pixels.
        width: of the frame, pixels.

    Returns:
        rows and columns of the frame, and for those bool (rows, columns).
    """
    mask = np.asarray(mask, np.float32)
    rows, above, below, share_y = _samples(box[0], box[2], mask.shape[0], height)
    columns, before, behind, share_x = _samples(box[1], box[3], mask.shape[1], width)
    along = mask[:, before] + (mask[:, behind] - mask[:, before]) * share_x
    share = share_y[:, np.newaxis]
    values = along[above] + (along[below] - along[above]) * share
    return rows, columns, values > INSIDE


def _samples(
    low: np.float32, high: np.float32, cells: int, size: int
) -> Tuple[slice, np.ndarray, np.ndarray, np.ndarray]:
    """Which of `size` pixels lie in a box from `low` to `high`, and between which cells each falls.

    Returns:
        the pixels, the cell before each of them, the cell behind, and how far it is from the first,
        0..1. All in float32, in the order of TensorFlow's kernel.
    """
    one, span = np.float32(1), np.float32(high) - np.float32(low)
    if not span > 0:
        nothing = np.zeros(0, np.int64)
        return slice(0, 0), nothing, nothing, np.zeros(0, np.float32)
    first, last = -np.float32(low) / span, (one - np.float32(low)) / span
    top = np.float32(cells - 1)
    if size > 1:
        step = (last - first) * top / np.float32(size - 1)
        position = first * top + np.arange(size, dtype=np.float32) * step
    else:
        position = np.array([0.5 * (first + last) * top], np.float32)
    inside = np.flatnonzero((position >= 0) & (position <= top))
    if not len(inside):
        return slice(0, 0), inside, inside, np.zeros(0, np.float32)
    position = position[inside[0] : inside[-1] + 1]
    before = np.floor(position)
    return (
        slice(int(inside[0]), int(inside[-1]) + 1),
        before.astype(np.int64),
        np.ceil(position).astype(np.int64),
        position - before,
    )
