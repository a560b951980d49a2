"""Boxes, masks, names and figures on pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Sequence

import cv2
import numpy as np
import pytest

from splitdet.labels import Labels
from splitdet.types import Detections, Segmentation
from splitdet.visualize.draw import (
    ALPHA,
    ROI_COLOUR,
    blend_masks,
    blend_segmentation,
    describe,
    draw_found,
    draw_notes,
    draw_roi,
)
from splitdet.visualize.palette import colour

LABELS = Labels({1: "person"})


def _found(boxes: Sequence[Sequence[float]], classes: Sequence[int] = (1,)) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.linspace(0.9, 0.5, count).astype(np.float32),
        np.resize(np.array(classes, np.int64), count),
    )


def _drawn(found: Detections, size: Sequence[int] = (200, 300)) -> np.ndarray:
    picture = np.zeros((*size, 3), np.uint8)
    draw_found(picture, found, LABELS)
    return picture


def _pixel(picture: np.ndarray, row: int, column: int) -> List[int]:
    return [int(value) for value in picture[row, column]]


@pytest.mark.parametrize("row_column", [(100, 60), (150, 100), (100, 240), (150, 200)])
def test_a_box_is_drawn_along_its_edges(row_column: Sequence[int]) -> None:
    picture = _drawn(_found([[0.25, 0.2, 0.75, 0.8]]))
    assert _pixel(picture, *row_column) == list(colour(1))


def test_the_inside_of_a_box_is_left_alone() -> None:
    picture = _drawn(_found([[0.25, 0.2, 0.75, 0.8]]))
    assert not picture[55:145, 65:235].any()


def test_what_lies_outside_of_box_and_name_is_left_alone() -> None:
    picture = _drawn(_found([[0.5, 0.5, 0.9, 0.9]]))
    assert not picture[:, :145].any()
    assert not picture[:70].any()


def test_nothing_found_draws_nothing() -> None:
    assert not _drawn(Detections.none()).any()


def test_the_name_is_written_in_white_above_the_box() -> None:
    picture = _drawn(_found([[0.5, 0.2, 0.9, 0.8]]))
    assert (picture[:100].min(axis=2) > 200).any()


def test_a_longer_name_takes_more_room() -> None:
    found = _found([[0.5, 0.2, 0.9, 0.8]])
    covered = []
    for name in ("a", "a much longer name"):
        picture = np.zeros((200, 300, 3), np.uint8)
        draw_found(picture, found, Labels({1: name}))
        covered.append(int(picture[:98].any(axis=2).sum()))
    assert covered[0] < covered[1]


def test_the_best_detection_lies_on_top() -> None:
    box = [0.25, 0.2, 0.75, 0.8]
    picture = _drawn(_found([box, box], classes=[1, 2]))
    assert _pixel(picture, 150, 100) == list(colour(1))


@pytest.mark.parametrize(
    "box", [[0, 0, 0.5, 0.5], [-0.5, -0.5, 1.5, 1.5], [0.9, 0.9, 1, 1], [0.5, 0.5, 0.5, 0.5]]
)
def test_the_name_of_a_box_at_the_edge_stays_in_the_picture(box: Sequence[float]) -> None:
    assert (_drawn(_found([box])).min(axis=2) > 200).any()


def test_a_box_as_large_as_the_picture_shows_all_its_edges() -> None:
    picture = _drawn(_found([[0, 0, 1, 1]]))
    edges = [picture[100, 0], picture[100, -1], picture[0, 200], picture[-1, 200]]
    assert [edge.any() for edge in edges] == [True, True, True, True]


@pytest.mark.parametrize("size", [(1, 1), (5, 900), (900, 5)])
def test_a_picture_of_any_shape_can_be_drawn_on(size: Sequence[int]) -> None:
    assert _drawn(_found([[0, 0, 1, 1]]), size).any()


def test_a_note_is_written_into_the_top_left_corner_alone() -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    draw_notes(picture, ["FPS 25.0"])
    assert (picture[:30, :120].min(axis=2) > 200).any()
    picture[:30, :120] = 0
    assert not picture.any()


def test_notes_stand_below_each_other() -> None:
    one, two, three = (np.zeros((200, 300, 3), np.uint8) for _ in range(3))
    draw_notes(one, ["first"])
    draw_notes(two, ["first", "second"])
    draw_notes(three, ["second"])
    height = int(np.flatnonzero(one.any(axis=(1, 2)))[-1])
    np.testing.assert_array_equal(two[:height], one[:height])
    np.testing.assert_array_equal(two[height : 2 * height], three[:height])


def test_the_edge_of_the_roi_is_one_pixel_thin() -> None:
    picture = np.full((100, 200, 3), 90, np.uint8)
    draw_roi(picture, ((0.25, 0.5), (0.75, 0.5), (0.75, 1), (0.25, 1)))
    edge = (picture == ROI_COLOUR).all(axis=2)
    assert (picture[~edge] == 90).all()
    assert edge.sum(axis=0)[60:140].tolist() == [2] * 80  # the upper and the lower side
    assert edge.sum(axis=1)[60:90].tolist() == [2] * 30  # the left and the right one
    assert edge[49:51, 60:140].any(axis=0).all()


def test_the_number_of_a_track_stands_behind_the_name() -> None:
    found = _found([[0.5, 0.2, 0.9, 0.8], [0.1, 0.1, 0.3, 0.4]])
    tracked = replace(found, tracks=np.array([12, 5]))
    by_name, by_track = np.zeros((200, 300, 3), np.uint8), np.zeros((200, 300, 3), np.uint8)
    draw_found(by_track, tracked, LABELS)
    for row, name in ((1, "person #5"), (0, "person #12")):
        draw_found(by_name, found.rows(np.array([row])), Labels({1: name}))
    np.testing.assert_array_equal(by_track, by_name)


def _masked(boxes: Sequence[Sequence[float]], classes: Sequence[int]) -> Detections:
    """Detections whose masks fill their boxes."""
    found = _found(boxes, classes)
    masks = np.ones((len(found), 5, 5), np.float32)
    return Detections(found.boxes, found.scores, found.classes, masks)


def _tint(ground: int, class_id: int) -> np.ndarray:
    return ground * (1 - ALPHA) + np.array(colour(class_id)) * ALPHA


def test_a_mask_tints_its_pixels_in_the_colour_of_its_class() -> None:
    picture = np.full((200, 300, 3), 100, np.uint8)
    draw_found(picture, _masked([[0.5, 0.1, 0.9, 0.4], [0.5, 0.6, 0.9, 0.9]], [1, 2]), LABELS)
    for column, class_id in ((75, 1), (225, 2)):
        np.testing.assert_allclose(picture[140, column], _tint(100, class_id), atol=0.51)
    assert (picture[140, 150] == 100).all()


@pytest.mark.parametrize("ground", [0, 255])
def test_a_tint_never_wraps_around(ground: int) -> None:
    picture = np.full((200, 300, 3), ground, np.uint8)
    draw_found(picture, _masked([[0.3, 0.1, 0.9, 0.9]], [1]), LABELS)
    np.testing.assert_allclose(picture[120, 150], _tint(ground, 1), atol=0.51)


def test_what_a_mask_leaves_out_keeps_its_colour() -> None:
    found = _found([[0.2, 0.1, 0.8, 0.9]])
    masks = np.zeros((1, 5, 5), np.float32)
    masks[:, :, :2] = 1
    picture = np.full((200, 300, 3), 100, np.uint8)
    draw_found(picture, Detections(found.boxes, found.scores, found.classes, masks), LABELS)
    assert (picture[100, 230] == 100).all()
    assert (picture[100, 60] != 100).any()


def test_segments_are_tinted_and_background_is_not() -> None:
    pixels = np.zeros((10, 10), np.int64)
    pixels[:, 5:] = 1
    picture = np.full((300, 300, 3), 200, np.uint8)
    draw_found(picture, Segmentation.of_pixels(pixels, region_area_px=100), LABELS)
    assert (picture[100, :150] == 200).all()
    np.testing.assert_allclose(picture[100, 150:], [_tint(200, 1)] * 150, atol=0.51)


def test_the_legend_names_each_class_in_its_colour_in_the_lower_left() -> None:
    pixels = np.zeros((10, 10), np.int64)
    pixels[:2, 5:], pixels[3:, 5:] = 1, 2
    picture = np.full((300, 600, 3), 200, np.uint8)
    draw_found(picture, Segmentation.of_pixels(pixels, region_area_px=100), LABELS)
    legend = picture[200:, :100].reshape(-1, 3).tolist()
    assert all(list(colour(class_id)) in legend for class_id in (1, 2))
    assert list(colour(3)) not in legend


def test_more_classes_than_the_legend_has_room_for_do_no_harm() -> None:
    pixels = np.arange(200, dtype=np.int64).reshape(10, 20)
    picture = np.zeros((40, 60, 3), np.uint8)
    draw_found(picture, Segmentation.of_pixels(pixels, 1), LABELS)
    assert picture.any()


def test_the_line_for_the_console_has_scores_or_shares() -> None:
    assert describe(_found([[0, 0, 1, 1]]), LABELS) == "person 0.90"
    assert describe(Detections.none(), LABELS) == "nothing"
    halves = Segmentation.of_pixels(np.array([[1, 0]]), 1)
    assert describe(halves, LABELS) == "0 50.0%, person 50.0%"


GROUND = np.random.RandomState(0).randint(0, 256, (120, 160, 3)).astype(np.uint8)


def painted(picture: np.ndarray, inside: np.ndarray, class_id: int) -> np.ndarray:
    """What a tint makes of the pixels that lie `inside`, calculated; float64 (H, W, 3)."""
    tinted = picture * (1 - ALPHA) + np.array(colour(class_id)) * ALPHA
    return np.where(inside[..., np.newaxis], tinted, picture)


def test_the_golden_picture_of_boxes_has_edges_and_nothing_else() -> None:
    picture = np.full((200, 300, 3), 128, np.uint8)
    draw_found(picture, _found([[0.3, 0.1, 0.9, 0.4], [0.5, 0.6, 0.8, 0.9]], [1, 2]), LABELS)
    rows, columns = np.mgrid[:200, :300]
    left_alone = np.ones((200, 300), np.bool_)
    for class_id, (top, left, bottom, right) in ((1, (60, 30, 180, 120)), (2, (100, 180, 160, 270))):
        # how far each pixel is from the nearest side, and above 0 only inside
        depth = np.minimum.reduce([rows - top, bottom - rows, columns - left, right - columns])
        np.testing.assert_array_equal(picture[depth == 0], [colour(class_id)] * (depth == 0).sum())
        left_alone &= np.abs(depth) > 1
        left_alone[top - 20 : top + 1, left - 1 : left + 90] = False  # the name
    assert (picture[left_alone] == 128).all()


def test_the_golden_picture_of_masks_is_that_of_the_masks_of_the_frame() -> None:
    random = np.random.RandomState(0)
    low = random.uniform(-0.1, 0.6, (4, 2))
    boxes = np.hstack([low, low + random.uniform(0.2, 0.5, (4, 2))]).astype(np.float32)
    masks = cv2.blur(random.uniform(0, 1, (15, 15, 4)).astype(np.float32), (3, 3)).transpose(2, 0, 1)
    found = Detections(boxes, np.linspace(0.9, 0.5, 4).astype(np.float32), np.arange(1, 5), masks)
    picture, golden = GROUND.copy(), GROUND.astype(np.float64)
    blend_masks(picture, found)
    full = found.frame_masks(120, 160)
    for inside, class_id in reversed(list(zip(full, found.classes))):
        golden = painted(golden, inside, int(class_id))
    assert 0.1 < full.any(axis=0).mean() < 0.9
    # each tint rounds once, and later ones shrink the error
    np.testing.assert_allclose(picture, golden, atol=1.1)
    np.testing.assert_array_equal(picture[~full.any(axis=0)], GROUND[~full.any(axis=0)])


def test_the_golden_picture_of_a_segmentation_repeats_its_pixels() -> None:
    pixels = np.random.RandomState(0).randint(0, 4, (12, 16))
    picture, golden = GROUND.copy(), GROUND.astype(np.float64)
    blend_segmentation(picture, Segmentation.of_pixels(pixels, 1))
    large = np.kron(pixels, np.ones((10, 10), np.int64))
    for class_id in (1, 2, 3):
        golden = painted(golden, large == class_id, class_id)
    np.testing.assert_allclose(picture, golden, atol=0.51)
    np.testing.assert_array_equal(picture[large == 0], GROUND[large == 0])
