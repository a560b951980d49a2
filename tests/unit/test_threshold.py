"""The score threshold that people can move while a run goes on."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from splitdet.detector import Detector
from splitdet.engines.parity import trial_picture
from splitdet.threshold import LiveThreshold


def test_it_begins_where_it_was_set() -> None:
    assert LiveThreshold(0.35).score == 0.35


@pytest.mark.parametrize("score", [0, 0.0, 0.123, 1, 1.0])
def test_it_takes_every_score(score: float) -> None:
    threshold = LiveThreshold(0.5)
    threshold.set(score)
    assert threshold.score == score


@pytest.mark.parametrize("score", [-0.001, 1.001, float("nan"), float("inf")])
def test_what_is_no_score_is_refused_and_changes_nothing(score: float) -> None:
    threshold = LiveThreshold(0.5)
    with pytest.raises(ValueError, match="from 0 to 1"):
        threshold.set(score)
    assert threshold.score == 0.5


def test_steps_up_and_down_lead_back() -> None:
    threshold = LiveThreshold(0.5)
    assert [threshold.step(1), threshold.step(1)] == [0.55, 0.6]
    assert [threshold.step(-1), threshold.step(-1), threshold.step(-2)] == [0.55, 0.5, 0.4]


def test_steps_end_at_0_and_1() -> None:
    threshold = LiveThreshold(0.93)
    assert [threshold.step(1), threshold.step(1), threshold.step(-30)] == [1.0, 1.0, 0.0]


def test_no_step_is_lost_where_two_threads_take_them() -> None:
    threshold = LiveThreshold(0.5)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [
            threading.Thread(target=lambda by: [threshold.step(by) for _ in range(2001)], args=(by,))
            for by in (1, -1)
        ]
        threshold.STEP = 1e-6  # so that neither end is reached
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert threshold.score == 0.5


@pytest.mark.parametrize("settings", [{"nms": "fast"}, {"nms": "graph"}, {"split_model": False}])
def test_moving_it_gives_what_a_detector_with_that_det_th_gives(
    settings: Dict[str, Any], tiny_model: Path
) -> None:
    image = trial_picture()
    counts: List[int] = []
    with Detector(tiny_model, engine="tensorflow", det_th=0.8, **settings) as moved:
        for score in (0.8, 0.75, 0.85, 0.3):
            moved.threshold.set(score)
            found = moved.detect(image)
            with Detector(tiny_model, engine="tensorflow", det_th=score, **settings) as fixed:
                expected = fixed.detect(image)
            np.testing.assert_array_equal(found.scores, expected.scores)
            np.testing.assert_array_equal(found.boxes, expected.boxes)
            counts.append(len(found))
    assert counts[2] < counts[0] < counts[1] < counts[3]
