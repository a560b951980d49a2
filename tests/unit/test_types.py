"""The values that travel through the package."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import pytest

from splitdet.types import Batch, Detections, Frame, check_image


def _frame(image: Any = None) -> Frame:
    image = np.zeros((3, 5, 3), np.uint8) if image is None else image
    return Frame(image, 2, "a.mp4", 0.08, 1.0)


def _found(*scores: float) -> Detections:
    count = len(scores)
    boxes = np.arange(4 * count, dtype=np.float32).reshape(count, 4)
    return Detections(boxes, np.array(scores, np.float32), np.arange(1, count + 1))


@pytest.mark.parametrize(
    ("image", "fragment"),
    [
        (np.zeros((3, 5), np.uint8), r"got uint8 \(3, 5\)"),
        (np.zeros((3, 5, 1), np.uint8), r"got uint8 \(3, 5, 1\)"),
        (np.zeros((3, 5, 4), np.uint8), r"got uint8 \(3, 5, 4\)"),
        (np.zeros((1, 3, 5, 3), np.uint8), r"got uint8 \(1, 3, 5, 3\)"),
        (np.zeros((3, 5, 3), np.float32), r"got float32 \(3, 5, 3\)"),
        (np.zeros((3, 5, 3), np.int8), r"got int8 \(3, 5, 3\)"),
    ],
)
@pytest.mark.parametrize("taker", [check_image, _frame])
def test_what_is_not_a_picture_is_refused(taker: Any, image: np.ndarray, fragment: str) -> None:
    with pytest.raises(ValueError, match=fragment):
        taker(image)


def test_the_pixels_of_a_frame_cannot_be_changed() -> None:
    frame = _frame()
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0] = 255


def test_a_frame_knows_its_size() -> None:
    assert (_frame().height, _frame().width) == (3, 5)


def test_a_frame_prints_without_its_pixels() -> None:
    assert repr(_frame()) == "Frame(5x3, index=2, time_s=0.080, source='a.mp4')"


@pytest.mark.parametrize(
    ("boxes", "scores", "classes"),
    [
        ((2, 4), (3,), (3,)),
        ((3, 5), (3,), (3,)),
        ((3, 4), (3,), (2,)),
        ((3, 4), (3, 1), (3,)),
        ((4,), (1,), (1,)),
    ],
)
def test_detections_of_unlike_length_are_refused(boxes: Any, scores: Any, classes: Any) -> None:
    with pytest.raises(ValueError, match=r"must be \(N, 4\), \(N,\) and \(N,\)"):
        Detections(np.zeros(boxes), np.zeros(scores), np.zeros(classes))


def test_no_detections_have_the_types_of_some() -> None:
    none = Detections.none()
    assert (none.boxes.shape, none.boxes.dtype) == ((0, 4), np.float32)
    assert (len(none), none.scores.dtype, none.classes.dtype) == (0, np.float32, np.int64)


@pytest.mark.parametrize(
    ("threshold", "limit", "classes"),
    [
        (0.0, 10, [1, 2, 3, 4]),
        (0.5, 10, [1, 2, 3]),
        (0.51, 10, [1, 2]),
        (0.0, 2, [1, 2]),
        (0.95, 10, []),
        (0.0, 0, []),
        (0.3, 10, [1, 2, 3, 4]),  # float32(0.3) is more than 0.3
    ],
)
def test_the_top_are_the_first_that_score_enough(
    threshold: float, limit: int, classes: List[int]
) -> None:
    assert _found(0.9, 0.7, 0.5, 0.3).top(threshold, limit).classes.tolist() == classes


def test_a_score_equal_to_the_threshold_is_enough_after_rounding() -> None:
    # float32(0.7) is 0.699999988
    assert len(_found(0.7).top(0.7, 1)) == 1


def test_the_top_keeps_boxes_and_scores_together() -> None:
    top = _found(0.9, 0.2, 0.8).top(0.5, 10)
    np.testing.assert_array_equal(top.boxes, [[0, 1, 2, 3], [8, 9, 10, 11]])
    np.testing.assert_array_equal(top.scores, np.float32([0.9, 0.8]))


@pytest.mark.parametrize(
    ("found", "text"),
    [(Detections.none(), "Detections(0)"), (_found(0.75, 0.5), "Detections(2, best 0.750)")],
)
def test_detections_print_their_count_and_their_best(found: Detections, text: str) -> None:
    assert repr(found) == text


def test_batches_do_not_share_their_times() -> None:
    one, other = Batch([]), Batch([])
    one.spans_s["cpu"] = (0.0, 1.0)
    assert other.spans_s == {}


@pytest.mark.parametrize("image", [None, [[1]], np.zeros((0, 5, 3), np.uint8)])
def test_what_is_no_picture_is_a_value_error(image: Any) -> None:
    with pytest.raises(ValueError, match="an image must be"):
        check_image(image)
