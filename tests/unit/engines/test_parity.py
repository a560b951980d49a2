"""How far raw outputs are apart: anchors by their places, proposals by what is nearest to them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, List

import numpy as np
import pytest

from splitdet.engines import parity
from splitdet.engines.parity import Difference, compare, frames_per_second, trial_picture
from splitdet.types import Tensors

HEIGHT_PX, WIDTH_PX = 300.0, 600.0
PROPOSALS = 8
IMAGE = trial_picture()


class Given:
    """A front that gives these tensors of a cut.

    Args:
        roles: of the ports of the cut.
    """

    def __init__(self, tensors: Tensors, *roles: str) -> None:
        self._tensors = tensors
        cut = [SimpleNamespace(role=role) for role in roles]
        self.model = SimpleNamespace(parts=SimpleNamespace(cut=cut))

    def prepare(self, images: List[np.ndarray]) -> Tensors:
        return tuple(images)

    def run(self, tensors: Tensors) -> Tensors:
        return self._tensors


def tensors(count: int = PROPOSALS, order: Any = slice(None)) -> Tensors:
    """Scores, boxes in pixels, their window, and how many of them are proposals."""
    random = np.random.RandomState(0)
    scores = random.uniform(0, 1, (1, PROPOSALS, 3)).astype(np.float32)
    boxes = random.uniform(0, HEIGHT_PX, (1, PROPOSALS, 3, 4)).astype(np.float32)
    window = np.array([[0, 0, HEIGHT_PX, WIDTH_PX]], np.float32)
    return scores[:, order], boxes[:, order], window, np.array([count], np.int32)


def apart(found: Tensors, wanted: Tensors) -> Difference:
    """Of the outputs of a two-stage detector."""
    front: Any = Given(found, "scores", "boxes", "window", "count")
    return compare(front, wanted, IMAGE)


def test_what_is_not_a_number_is_never_within() -> None:
    assert not Difference(float("nan"), 0.0).within(1.0)
    assert not Difference(0.0, 0.2).within(0.1)


def test_anchors_that_have_changed_places_differ() -> None:
    order = [1, 0, *range(2, PROPOSALS)]
    front: Any = Given(tensors(order=order), "scores", "boxes", "window")
    assert not compare(front, tensors(), IMAGE).within(0.1)
    same: Any = Given(tensors(), "scores", "boxes", "window")
    assert compare(same, tensors(), IMAGE).within(0.0)


def test_proposals_may_change_places() -> None:
    assert apart(tensors(order=[1, 0, *range(2, PROPOSALS)]), tensors()).within(0.0)


def test_box_edges_count_as_shares_of_the_frame() -> None:
    found = tensors()
    found[1][0, 3, 1, 0] += 0.01 * HEIGHT_PX
    found[1][0, 4, 1, 3] += 0.01 * WIDTH_PX
    difference = apart(found, tensors())
    assert difference.boxes == pytest.approx(0.01, rel=1e-3)
    assert difference.scores == 0


def test_a_window_may_be_one_for_all_frames() -> None:
    scores, boxes, window, count = tensors()
    assert apart((scores, boxes, window[0], count), (scores, boxes, window[0], count)).within(0.0)


def test_a_score_that_differs_is_told() -> None:
    found = tensors()
    found[0][0, 3, 1] += 0.01
    difference = apart(found, tensors())
    assert difference.scores == pytest.approx(0.01, rel=1e-3)
    assert difference.boxes == 0


@pytest.mark.parametrize("counts", [(8, 7), (7, 8), (0, 1), (1, 0)])
def test_a_proposal_that_only_one_of_them_has_is_noticed(counts: Any) -> None:
    found, wanted = map(tensors, counts)
    assert not apart(found, wanted).within(0.1)


def test_what_lies_behind_the_proposals_does_not_matter() -> None:
    found = tensors(count=3)
    found[0][0, 3:] = 1.0
    assert apart(found, tensors(count=3)).within(0.0)
    assert apart(tensors(count=0), tensors(count=0)).within(0.0)


def test_a_proposal_that_is_no_number_is_never_within() -> None:
    found = tensors()
    found[0][0, 3, 1] = np.nan
    assert not apart(found, tensors()).within(1.0)


def test_slow_networks_are_measured_in_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []

    class Counted(Given):
        def run(self, tensors: Tensors) -> Tensors:
            runs.append(1)
            return super().run(tensors)

    front: Any = Counted(tensors(), "scores")
    monkeypatch.setattr(parity, "TRIAL_S", 0.0)
    frames_per_second({"one": front}, IMAGE, 1)
    assert len(runs) == parity.ROUNDS
    runs.clear()
    monkeypatch.setattr(parity, "ENOUGH_S", 0.0)
    frames_per_second({"one": front}, IMAGE, 1)
    assert len(runs) == 1
