"""Views keep pictures and boxes together."""

from __future__ import annotations

import numpy as np

from splitdet.train.augment import augmented_view, boxes_in_window
from splitdet.train.samples import Sample

BOX = np.array([[0.25, 0.25, 0.75, 0.5]], np.float32)


def _sample() -> Sample:
    """A white box on black."""
    image = np.zeros((80, 120, 3), np.uint8)
    image[20:60, 30:60] = 255
    return Sample("white", image.copy, BOX, np.array([1]))


def test_boxes_stay_around_their_objects() -> None:
    for seed in range(30):
        image, boxes, classes = augmented_view(_sample(), np.random.RandomState(seed), turn=True)
        assert classes.tolist() == [1]
        height, width = image.shape[:2]
        bright = image.astype(float).mean(axis=2)
        rows, columns = np.nonzero(bright > (bright.max() + 127) / 2)  # what lies outside is 127
        seen = [rows.min() / height, columns.min() / width]
        seen += [(rows.max() + 1) / height, (columns.max() + 1) / width]
        np.testing.assert_allclose(boxes[0], seen, atol=0.03)


def test_the_same_seed_gives_the_same_view() -> None:
    one, other = (augmented_view(_sample(), np.random.RandomState(3)) for _ in range(2))
    for mine, its in zip(one, other):
        np.testing.assert_array_equal(mine, its)


def test_a_box_of_which_less_than_half_is_left_goes() -> None:
    corners = [np.array([0.0, left]) for left in (0.37, 0.38)]
    kept = [boxes_in_window(BOX, corner, np.array([1.0, 1.0]))[1][0] for corner in corners]
    assert kept == [True, False]


def test_a_box_is_cut_at_the_edge_of_the_window() -> None:
    shown, _ = boxes_in_window(BOX, np.array([0.5, 0.0]), np.array([0.5, 0.5]))
    np.testing.assert_allclose(shown, [[0, 0.5, 0.5, 1.0]])
