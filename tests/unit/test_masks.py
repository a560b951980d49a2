"""Masks of boxes in the frame, against TensorFlow's own operation."""

from __future__ import annotations

import numpy as np
import pytest

from splitdet.compat import tensorflow
from splitdet.masks import INSIDE, place_mask
from splitdet.types import Detections


def reframed(masks: np.ndarray, boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """What the Object Detection API does, with TensorFlow's `crop_and_resize`; bool (N, H, W)."""
    tf = tensorflow()
    corners = np.tile(np.array([0, 0, 1, 1], np.float32), (len(boxes), 1)).reshape(-1, 2, 2)
    low, high = boxes[:, np.newaxis, :2], boxes[:, np.newaxis, 2:]
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(device_count={"GPU": 0})) as session:
        found = session.run(
            tf.image.crop_and_resize(
                masks[..., np.newaxis],
                ((corners - low) / (high - low)).reshape(-1, 4),
                np.arange(len(boxes), dtype=np.int32),
                [height, width],
            )
        )
    return np.asarray(found[..., 0] > INSIDE)


def random_boxes(random: np.random.RandomState, count: int) -> np.ndarray:
    """Boxes that may reach over the edge of the frame."""
    low = random.uniform(-0.1, 0.8, (count, 2))
    return np.hstack([low, low + random.uniform(0.02, 0.5, (count, 2))]).astype(np.float32)


@pytest.mark.parametrize("cells", [15, 33])
@pytest.mark.parametrize(("height", "width"), [(120, 200), (200, 120), (1, 50)])
def test_masks_equal_those_of_tensorflow(cells: int, height: int, width: int) -> None:
    random = np.random.RandomState(cells)
    boxes = random_boxes(random, 40)
    masks = random.uniform(0, 1, (40, cells, cells)).astype(np.float32)
    found = Detections(boxes, np.ones(40, np.float32), np.ones(40, np.int64), masks)
    expected = reframed(masks, boxes, height, width)
    assert expected.any()
    np.testing.assert_array_equal(found.frame_masks(height, width), expected)


def test_a_box_of_no_size_has_no_pixel() -> None:
    box = np.array([0.5, 0.2, 0.5, 0.8], np.float32)
    rows, _, inside = place_mask(np.ones((5, 5), np.float32), box, 100, 100)
    assert rows == slice(0, 0)
    assert inside.size == 0


def test_a_box_outside_the_frame_has_no_pixel() -> None:
    box = np.array([1.2, 1.2, 1.5, 1.5], np.float32)
    assert place_mask(np.ones((5, 5), np.float32), box, 100, 100)[2].size == 0


def test_detections_without_masks_say_so() -> None:
    with pytest.raises(ValueError, match="no masks"):
        Detections.none().frame_masks(10, 10)


def test_masks_follow_the_selection() -> None:
    masks = np.arange(3 * 4, dtype=np.float32).reshape(3, 2, 2)
    scores = np.array([0.9, 0.2, 0.8], np.float32)
    found = Detections(np.zeros((3, 4), np.float32), scores, np.ones(3, np.int64), masks)
    kept = found.top(0.5, 10).masks
    assert kept is not None
    np.testing.assert_array_equal(kept, masks[[0, 2]])


def test_masks_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match=r"masks must be \(0, h, w\)"):
        Detections(
            np.zeros((0, 4), np.float32),
            np.zeros(0, np.float32),
            np.zeros(0, np.int64),
            np.zeros((1, 5, 5), np.float32),
        )
