"""What of all that was found is reported."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest

from splitdet.polygon import Polygon
from splitdet.types import Detections, Segmentation, Selection

LOWER_HALF: Polygon = ((0, 0.5), (1, 0.5), (1, 1), (0, 1))


def found(*boxes: List[float]) -> Detections:
    """Of classes 1, 2, 1, 2, .., with falling scores, masks and tracks."""
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.linspace(0.9, 0.6, count).astype(np.float32),
        np.resize(np.array([1, 2]), count),
        np.arange(4 * count, dtype=np.float32).reshape(count, 2, 2),
        np.arange(100, 100 + count),
    )


STANDING_LOW = [0.1, 0.4, 0.7, 0.6]
STANDING_HIGH = [0.1, 0.4, 0.4, 0.6]
MIXED = found(STANDING_HIGH, STANDING_LOW, STANDING_LOW, STANDING_HIGH)


@pytest.mark.parametrize(
    ("selection", "tracks"),
    [
        (Selection(), [100, 101, 102, 103]),
        (Selection(threshold=0.75), [100, 101]),
        (Selection(limit=3), [100, 101, 102]),
        (Selection(classes=frozenset({2})), [101, 103]),
        (Selection(classes=frozenset({7})), []),
        (Selection(roi=LOWER_HALF), [101, 102]),
        (Selection(roi=LOWER_HALF, classes=frozenset({1})), [102]),
    ],
)
def test_each_setting_keeps_what_it_says(selection: Selection, tracks: List[int]) -> None:
    kept = selection.of_boxes(MIXED)
    assert kept.tracks is not None
    assert kept.tracks.tolist() == tracks


def test_what_is_left_out_takes_no_place_of_the_limit() -> None:
    kept = Selection(limit=1, classes=frozenset({2}), roi=LOWER_HALF).of_boxes(MIXED)
    np.testing.assert_array_equal(kept.boxes, np.float32([STANDING_LOW]))


def test_boxes_scores_masks_and_tracks_stay_together() -> None:
    kept = Selection(roi=LOWER_HALF).of_boxes(MIXED)
    np.testing.assert_array_equal(kept.boxes, MIXED.boxes[1:3])
    np.testing.assert_array_equal(kept.scores, MIXED.scores[1:3])
    assert MIXED.masks is not None
    np.testing.assert_array_equal(kept.masks, MIXED.masks[1:3])


def test_a_box_that_ends_below_the_frame_stands_at_its_edge() -> None:
    assert len(Selection(roi=LOWER_HALF).of_boxes(found([0.5, -0.2, 1.4, 0.3]))) == 1


def test_of_nothing_nothing_is_kept() -> None:
    assert len(Selection(roi=LOWER_HALF, classes=frozenset({1})).of_boxes(Detections.none())) == 0


PIXELS = np.zeros((20, 20), np.int64)
PIXELS[2:16, 2:8] = 1
PIXELS[2:16, 12:18] = 2


def test_pixels_of_other_classes_become_background() -> None:
    kept = Selection(classes=frozenset({2})).of_pixels(PIXELS)
    np.testing.assert_array_equal(kept.pixels, np.where(PIXELS == 2, 2, 0))
    assert kept.classes.tolist() == [2]


def test_pixels_outside_the_polygon_become_background_and_regions_end_at_it() -> None:
    kept = Selection(roi=((0, 0), (1, 0), (1, 0.5), (0, 0.5))).of_pixels(PIXELS)
    np.testing.assert_array_equal(kept.pixels[:10], PIXELS[:10])
    assert not kept.pixels[11:].any()
    assert kept.boxes[:, 2].max() < 0.6


def test_all_pixels_stay_where_nothing_is_asked_for() -> None:
    kept = Selection().of_pixels(PIXELS)
    assert isinstance(kept, Segmentation)
    np.testing.assert_array_equal(kept.pixels, PIXELS)


def test_tracks_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match=r"tracks must be \(0,\); got \(1,\)"):
        Detections(
            np.zeros((0, 4), np.float32),
            np.zeros(0, np.float32),
            np.zeros(0, np.int64),
            tracks=np.zeros(1, np.int64),
        )


def test_boxes_in_pixels_slice_the_frame() -> None:
    boxes = found([0.1, 0.25, 0.5, 0.75], [-0.5, 0.5, 1.5, 1.5]).boxes_px(100, 200)
    assert boxes.tolist() == [[10, 50, 50, 150], [0, 100, 100, 200]]
    assert boxes.dtype == np.int64
