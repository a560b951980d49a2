"""Points and pixels in a polygon."""

from __future__ import annotations

from typing import Sequence

import numpy as np
import pytest

from splitdet.polygon import Polygon, contains, covered

SQUARE: Polygon = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
FRAME: Polygon = ((0, 0), (1, 0), (1, 1), (0, 1))
ARROW: Polygon = ((0.1, 0.1), (0.5, 0.5), (0.9, 0.1), (0.5, 0.9))  # hollow at its upper side


def right_of_all_edges(polygon: Polygon, points: np.ndarray) -> np.ndarray:
    """Which points a convex polygon has inside, its corners being given clockwise: bool (N,)."""
    inside = np.ones(len(points), np.bool_)
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0])):
        inside &= (bx - ax) * (points[:, 1] - ay) - (by - ay) * (points[:, 0] - ax) > 0
    return inside


@pytest.mark.parametrize("polygon", [SQUARE, ((0.3, 0.1), (0.9, 0.4), (0.2, 0.95)), FRAME])
def test_a_convex_polygon_contains_what_lies_on_one_side_of_all_its_edges(polygon: Polygon) -> None:
    points = np.random.RandomState(0).uniform(0, 1, (500, 2)).astype(np.float32)
    expected = right_of_all_edges(polygon, points)
    assert expected.any()
    np.testing.assert_array_equal(contains(polygon, points), expected)


@pytest.mark.parametrize(("point", "inside"), [((0.5, 0.3), False), ((0.5, 0.7), True)])
def test_a_hollow_is_outside(point: Sequence[float], inside: bool) -> None:
    assert contains(ARROW, np.array([point], np.float32)).tolist() == [inside]


@pytest.mark.parametrize("point", [(0, 0), (1, 1), (0.5, 1), (0, 0.3)])
def test_an_edge_is_inside(point: Sequence[float]) -> None:
    assert contains(FRAME, np.array([point], np.float32)).tolist() == [True]


def test_no_points_give_no_answers() -> None:
    assert contains(SQUARE, np.zeros((0, 2), np.float32)).shape == (0,)


def test_a_polygon_as_large_as_the_frame_covers_every_pixel() -> None:
    assert covered(FRAME, 7, 13).all()


def test_a_polygon_covers_the_pixels_whose_middles_it_contains() -> None:
    inside = covered(((0.25, 0.5), (0.75, 0.5), (0.75, 1), (0.25, 1)), 40, 80)
    expected = np.zeros((40, 80), np.bool_)
    expected[20:, 20:60] = True
    # at the edge itself, half a pixel is rounded either way
    assert (inside != expected).sum() <= 20 + 40 + 20
    assert inside[21:, 21:59].all()
    assert not inside[:19].any()
    assert not inside[:, :19].any()
    assert not inside[:, 61:].any()
