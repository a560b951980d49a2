"""What each anchor should predict, and what a prediction means.

An anchor is responsible for the object that it overlaps most, from an IoU of 0.5 on; the best
anchor of an object always is (Liu et al. 2016, section 2.2). A box is encoded by its centre and the
logarithm of its size, relative to the anchor (Girshick et al. 2014, appendix C), times `SCALES`.
"""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

SCALES = (10.0, 10.0, 5.0, 5.0)
"""Of y, x, height and width: those of the zoo."""
MIN_IOU = 0.5


def overlap(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union (N, K) of boxes (N, 4) and (K, 4)."""
    low = np.maximum(some[:, None, :2], others[None, :, :2])
    high = np.minimum(some[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (some, others)]
    union = areas[0][:, None] + areas[1][None] - shared
    return np.asarray(shared / np.maximum(union, 1e-12))


def assign(anchors: np.ndarray, boxes: np.ndarray, classes: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The targets of one picture.

    Args:
        anchors: float32 (N, 4).
        boxes: float32 (K, 4); no object at all is fine.
        classes: int64 (K,), from 1 on.

    Returns:
        encoded boxes, float32 (N, 4), and classes, int32 (N,), 0 for background.
    """
    codes = np.zeros((len(anchors), 4), np.float32)
    wanted = np.zeros(len(anchors), np.int32)
    if len(boxes):
        ious = overlap(anchors, boxes)
        owner = ious.argmax(axis=1)
        matched = ious.max(axis=1) >= MIN_IOU
        best = ious.argmax(axis=0)
        owner[best], matched[best] = np.arange(len(boxes)), True
        wanted[matched] = classes[owner[matched]]
        codes[matched] = encode(boxes[owner[matched]], anchors[matched])
    return codes, wanted


def encode(boxes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Boxes (N, 4) relative to their anchors (N, 4)."""
    sizes, anchor_sizes = boxes[:, 2:] - boxes[:, :2], anchors[:, 2:] - anchors[:, :2]
    moved = ((boxes[:, 2:] + boxes[:, :2]) - (anchors[:, 2:] + anchors[:, :2])) / 2 / anchor_sizes
    logs = np.log(np.maximum(sizes, 1e-6) / anchor_sizes)
    return np.asarray(np.hstack([moved, logs]) * np.array(SCALES), np.float32)


def decode(library: Any, codes: Any, anchors: np.ndarray) -> Any:
    """The opposite of `encode`, for a batch.

    Args:
        library: numpy or TensorFlow, to which `codes` belong.
        codes: (B, N, 4).
    """
    sizes = anchors[:, 2:] - anchors[:, :2]
    centres = (anchors[:, 2:] + anchors[:, :2]) / 2
    scales = np.array(SCALES, np.float32)
    middle = codes[..., :2] * (sizes / scales[:2]) + centres
    half = library.exp(codes[..., 2:] * (1 / scales[2:])) * (sizes / 2)
    return library.stack(
        [
            middle[..., 0] - half[..., 0],
            middle[..., 1] - half[..., 1],
            middle[..., 0] + half[..., 0],
            middle[..., 1] + half[..., 1],
        ],
        axis=-1,
    )
