"""The NMS in numpy against TensorFlow's own, on random tensors: equal to the bit."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Optional

import numpy as np
import pytest

from nms_graphs import GraphNms, Steps
from splitdet.nms import Clip, NmsSettings, Ties, suppress
from splitdet.types import Detections

CASES = 60
"""Random frames for each of the tests below that take some: with 17 of these, a thousand."""
WINDOW = np.array([0, 0, 1, 1], np.float32)


@lru_cache(maxsize=None)
def graph_of(steps: Steps) -> GraphNms:
    """Graphs are slow to build."""
    return GraphNms(steps)


def random_scores(random: np.random.RandomState, count: int, classes: int) -> np.ndarray:
    """Most of them low, as a detector's are, and no two equal: float32 (count, classes)."""
    ranks = random.permutation(count * classes).reshape(count, classes) + 1
    return ((ranks / (count * classes)) ** 2).astype(np.float32)


def random_boxes(random: np.random.RandomState, count: int, each: int = 1) -> np.ndarray:
    """Boxes that crowd and overlap, some beyond 0..1: float32 (count, each, 4)."""
    centres = random.rand(count, each, 2) * 0.5 + 0.25
    sizes = 0.1 + 0.6 * random.rand(count, each, 2)
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], 2).astype(np.float32)


def check(
    graph: GraphNms,
    boxes: np.ndarray,
    scores: np.ndarray,
    window: Optional[np.ndarray] = WINDOW,
    **limits: Any,
) -> Detections:
    """Both keep the same, and with a least score the part of it that has it; returns all of it."""
    settings = graph.settings(**limits)
    kept, of_score, ids = graph(boxes, scores, settings, window)
    for at_least in (0.0, 0.5, float(of_score[len(of_score) // 2]) if len(of_score) else 1.0):
        found = suppress(boxes, scores, window, settings, at_least)
        wanted = of_score >= np.float32(at_least)
        assert found is not None
        np.testing.assert_array_equal(found.scores, of_score[wanted])
        np.testing.assert_array_equal(found.classes, ids[wanted])
        np.testing.assert_array_equal(found.boxes, kept[wanted])
    whole = suppress(boxes, scores, window, settings)
    assert whole is not None
    return whole


def check_or_none(graph: GraphNms, boxes: np.ndarray, scores: np.ndarray, **limits: Any) -> None:
    """As `check`; where equal scores of a class have no order, they must be left to the graph."""
    settings = graph.settings(**limits)
    if settings.ties == Ties.BY_INDEX:
        check(graph, boxes, scores, **limits)
    else:
        assert suppress(boxes, scores, WINDOW, settings) is None


@pytest.mark.parametrize("classes", [1, 3, 20])
def test_random_frames_give_what_the_graph_gives(classes: int) -> None:
    random = np.random.RandomState(classes)
    for _ in range(CASES):
        check(graph_of(Steps(classes)), random_boxes(random, 150), random_scores(random, 150, classes))


def test_each_class_can_have_boxes_of_its_own() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        boxes, scores = random_boxes(random, 80, 3), random_scores(random, 80, 3)
        check(graph_of(Steps(3, own_boxes=True)), boxes, scores)


def test_boxes_can_be_given_in_parts_of_the_window() -> None:
    random = np.random.RandomState(0)
    graph = graph_of(Steps(3, own_boxes=True, to_window_frame=True))
    for _ in range(CASES):
        window = np.array([3, 5, 300 + 300 * random.rand(), 400 + 100 * random.rand()], np.float32)
        boxes = random_boxes(random, 80, 3) * np.float32(500)
        check(graph, boxes, random_scores(random, 80, 3), window)


def test_equal_scores_are_taken_in_the_order_of_the_graph() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        scores = (random.randint(0, 5, (150, 3)) / 4).astype(np.float32)
        check_or_none(graph_of(Steps(3)), random_boxes(random, 150), scores)


def test_equal_scores_of_two_classes_are_taken_in_the_order_of_the_graph() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        scores = np.tile(random_scores(random, 150, 1), (1, 3))
        check(graph_of(Steps(3)), random_boxes(random, 150), scores)


def test_equal_scores_are_cut_off_where_the_graph_does() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        scores = np.ones((40, 3), np.float32)
        check_or_none(graph_of(Steps(3)), random_boxes(random, 40), scores, max_total=7)


def test_boxes_on_a_grid_overlap_by_just_the_threshold() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        corners = random.randint(0, 4, (100, 1, 2))
        boxes = np.concatenate([corners, corners + random.randint(1, 5, (100, 1, 2))], 2) / 8
        scores = random_scores(random, 100, 3)
        check(graph_of(Steps(3)), boxes.astype(np.float32), scores, iou_threshold=0.5)


@pytest.mark.parametrize("combined", [False, True])
@pytest.mark.parametrize("step", [-1, 0, 1])
def test_a_threshold_a_bit_off_the_overlap_decides_as_in_the_graph(step: int, combined: bool) -> None:
    random = np.random.RandomState(step + 1)
    counts = set()
    for _ in range(2 * CASES):
        low = 0.2 + 0.3 * random.rand(2, 1, 2)
        boxes = np.concatenate([low, low + 0.3 + 0.2 * random.rand(2, 1, 2)], 2).astype(np.float32)
        overlap = overlap_of(*boxes[:, 0])
        towards = np.float32(step)  # below 0, above 1 or, between the two, the overlap itself
        threshold = np.nextafter(overlap, towards if step else overlap)
        scores = np.array([[0.9], [0.8]], np.float32)
        graph = graph_of(Steps(1, combined=combined))
        counts.add(len(check(graph, boxes, scores, iou_threshold=float(threshold))))
    if step:
        assert counts == {1 if step < 0 else 2}


def overlap_of(one: np.ndarray, other: np.ndarray) -> np.float32:
    """Intersection over union in float32, of boxes that overlap."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = (high - low)[0] * (high - low)[1]
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return np.float32(shared / (areas[0] + areas[1] - shared))


def test_boxes_beyond_the_window_are_clipped_or_dropped() -> None:
    random = np.random.RandomState(0)
    window = np.array([0.25, 0.125, 0.5, 0.75], np.float32)
    for _ in range(CASES):
        boxes = random_boxes(random, 100) * np.float32(4) - np.float32(1.5)
        found = check(graph_of(Steps(3)), boxes, random_scores(random, 100, 3), window)
        assert found.boxes[:, 0].min() >= 0.25


def test_infinite_boxes_are_clipped() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        boxes = random_boxes(random, 100)
        boxes[::3, :, 2:] = np.inf
        boxes[::5, :, :2] = -np.inf
        check(graph_of(Steps(3)), boxes, random_scores(random, 100, 3))


def test_boxes_that_are_turned_over_are_treated_as_in_the_graph() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        boxes = random_boxes(random, 100)
        boxes[::3] = boxes[::3][..., [2, 3, 0, 1]]
        boxes[1::3] = boxes[1::3][..., [2, 1, 0, 3]]
        check(graph_of(Steps(3)), boxes, random_scores(random, 100, 3))


def test_boxes_without_area_are_dropped_where_the_graph_drops_them() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        boxes = random_boxes(random, 100)
        boxes[::2, :, 3] = boxes[::2, :, 1]
        check(graph_of(Steps(3)), boxes, random_scores(random, 100, 3))


def test_boxes_without_area_are_kept_where_the_graph_keeps_them_or_left_to_it() -> None:
    random = np.random.RandomState(0)
    graph = graph_of(Steps(3, drops_flat=False))
    for _ in range(CASES):
        boxes, scores = random_boxes(random, 100), random_scores(random, 100, 3)
        boxes[::2, :, 3] = boxes[::2, :, 1]
        if graph.settings().repeats_flat:
            assert suppress(boxes, scores, WINDOW, graph.settings()) is None
        else:
            check(graph, boxes, scores)


def test_a_box_whose_area_is_too_small_for_a_number_has_none() -> None:
    boxes = np.array([[[0, 0, 1e-20, 1e-20]], [[0, 0, 1, 1]]], np.float32)
    found = check(graph_of(Steps(1)), boxes, np.array([[0.9], [0.8]], np.float32))
    assert len(found) == 1


def test_scores_that_are_no_numbers_are_never_kept() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        scores = random_scores(random, 100, 3)
        scores[::3, 1] = np.nan
        check(graph_of(Steps(3)), random_boxes(random, 100), scores)


def test_scores_too_small_for_a_number_are_not_above_zero() -> None:
    scores = np.array([[1e-39], [2e-38]], np.float32)
    boxes = np.array([[[0, 0, 0.5, 0.5]], [[0.5, 0.5, 1, 1]]], np.float32)
    assert len(check(graph_of(Steps(1)), boxes, scores, score_threshold=0.0)) == 1


@pytest.mark.parametrize(("threshold", "limit"), [(1e-8, 300), (0.0, 40)])
def test_with_hardly_a_threshold_nearly_all_scores_take_part(threshold: float, limit: int) -> None:
    random = np.random.RandomState(limit)
    limits = {"iou_threshold": 0.5, "max_per_class": limit, "max_total": limit}
    for _ in range(CASES):
        scores = random_scores(random, 400, 3)
        check(graph_of(Steps(3)), random_boxes(random, 400), scores, score_threshold=threshold, **limits)


@pytest.mark.parametrize("max_per_class", [1, 5])
def test_a_class_gives_no_more_than_its_limit(max_per_class: int) -> None:
    random = np.random.RandomState(max_per_class)
    limits = {"iou_threshold": 0.9, "max_per_class": max_per_class, "max_total": 12}
    for _ in range(CASES):
        scores = random_scores(random, 300, 3)
        found = check(graph_of(Steps(3)), random_boxes(random, 300), scores, **limits)
        assert np.bincount(found.classes).max() <= max_per_class


def test_a_class_without_scores_and_one_that_is_full_do_not_disturb_each_other() -> None:
    random = np.random.RandomState(0)
    for _ in range(CASES):
        scores = random_scores(random, 200, 3)
        scores[:, 0] = 0
        scores[:, 1] = 0.5 + scores[:, 1] / 2
        assert 1 not in check(graph_of(Steps(3)), random_boxes(random, 200), scores).classes


@pytest.mark.parametrize("count", [0, 10])
def test_nothing_over_the_threshold_gives_nothing(count: int) -> None:
    boxes = random_boxes(np.random.RandomState(0), count)
    scores = np.full((count, 3), 0.3, np.float32)
    assert len(check(graph_of(Steps(3)), boxes, scores, score_threshold=float(np.float32(0.3)))) == 0


@pytest.mark.parametrize("classes", [1, 20])
def test_the_combined_operation_gives_the_same(classes: int) -> None:
    random = np.random.RandomState(classes)
    for _ in range(CASES):
        boxes, scores = random_boxes(random, 100), random_scores(random, 100, classes)
        check(graph_of(Steps(classes, combined=True)), boxes, scores)


def test_the_combined_operation_suppresses_before_it_clips() -> None:
    random = np.random.RandomState(0)
    for clip in (True, False):
        graph = graph_of(Steps(3, combined=True, clip=clip, own_boxes=True))
        for _ in range(CASES):
            boxes = random_boxes(random, 100, 3) * np.float32(2) - np.float32(0.5)
            boxes[::4, :, 3] = boxes[::4, :, 1]
            found = check(graph, boxes, random_scores(random, 100, 3))
            assert (found.boxes.max() > 1) != clip


def test_equal_scores_are_left_to_the_combined_operation() -> None:
    settings = graph_of(Steps(3, combined=True)).settings()
    boxes = random_boxes(np.random.RandomState(0), 2)
    assert suppress(boxes, np.full((2, 3), 0.5, np.float32), None, settings) is None


def test_equal_scores_that_a_better_box_suppresses_are_no_matter() -> None:
    boxes = np.tile(np.array([[[0, 0, 1, 1]]], np.float32), (3, 1, 1))
    scores = np.array([[0.5], [0.9], [0.5]], np.float32)
    assert len(check(graph_of(Steps(1, combined=True)), boxes, scores)) == 1


@pytest.mark.parametrize("edge", [np.nan, 1e-40, np.inf])
def test_boxes_that_are_no_usual_numbers_are_left_to_the_graph(edge: float) -> None:
    boxes = np.array([[[edge, 0, 1, 1]]], np.float32)
    settings = graph_of(Steps(1, combined=True)).settings()
    assert suppress(boxes, np.ones((1, 1), np.float32), None, settings) is None


def test_boxes_that_are_no_usual_numbers_are_dropped_where_no_graph_is_followed() -> None:
    settings = NmsSettings(0.1, 0.5, 10, 10, clip=Clip.AFTER, drops_flat=False, drops_unusual=True)
    edges = [1.0, np.nan, np.inf, -np.inf, 1e20, 1e-40]
    boxes = np.array([[[0, 0, 1, edge]] for edge in edges], np.float32)
    scores = np.linspace(0.9, 0.4, len(edges)).astype(np.float32)[:, np.newaxis]
    found = suppress(boxes, scores, None, settings)
    assert found is not None
    # the last one has no area, and overlaps nothing
    np.testing.assert_array_equal(found.scores, scores[[0, 5], 0])
    np.testing.assert_array_equal(found.boxes, np.array([[0, 0, 1, 1], [0, 0, 1, 0]], np.float32))


def test_only_the_first_rows_are_boxes_where_a_count_is_given() -> None:
    random = np.random.RandomState(0)
    graph = graph_of(Steps(3))
    boxes, scores = random_boxes(random, 100), random_scores(random, 100, 3)
    found = suppress(boxes, scores, WINDOW, graph.settings(), count=40)
    kept, of_score, _ = graph(boxes[:40], scores[:40], graph.settings(), WINDOW)
    assert found is not None
    np.testing.assert_array_equal(found.boxes, kept)
    np.testing.assert_array_equal(found.scores, of_score)


def test_thousands_of_candidates_are_few_at_a_time() -> None:
    random = np.random.RandomState(0)
    boxes, scores = random_boxes(random, 20_000), random_scores(random, 20_000, 3)
    check(graph_of(Steps(3)), boxes, scores, iou_threshold=0.1)


@pytest.mark.parametrize(
    ("boxes", "scores"), [((5, 4), (5, 3)), ((5, 2, 4), (5, 3)), ((4, 1, 4), (5, 3)), ((5, 1, 4), (5,))]
)
def test_shapes_that_do_not_fit_are_refused(boxes: Any, scores: Any) -> None:
    settings = NmsSettings(0, 1, 1, 1)
    with pytest.raises(ValueError, match="boxes and scores must be"):
        suppress(np.zeros(boxes, np.float32), np.zeros(scores, np.float32), WINDOW, settings)


def test_a_missing_window_is_refused() -> None:
    boxes, scores = np.zeros((1, 1, 4), np.float32), np.ones((1, 1), np.float32)
    with pytest.raises(ValueError, match="needs a window"):
        suppress(boxes, scores, None, NmsSettings(0, 1, 1, 1))
