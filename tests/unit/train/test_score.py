"""The score of a run is that of `splitdet eval`."""

from __future__ import annotations

import numpy as np
import pytest

from splitdet.train.samples import Sample
from splitdet.train.score import average_precisions, mean_precision
from splitdet.types import Detections

BOX = [0.1, 0.2, 0.5, 0.4]
FAR = [0.6, 0.6, 0.9, 0.9]


def _sample(classes: int) -> Sample:
    picture = np.zeros((30, 60, 3), np.uint8)
    return Sample("a", picture.copy, np.array([BOX], np.float32), np.array([classes]))


def _found(*rows: object) -> Detections:
    boxes, scores, classes = zip(*rows)
    return Detections(np.array(boxes, np.float32), np.array(scores, np.float32), np.array(classes))


def test_half_of_the_pictures_found_is_half_of_the_score() -> None:
    found = [_found((BOX, 0.9, 1)), _found((FAR, 0.8, 1))]
    assert average_precisions([_sample(1), _sample(1)], found) == {1: pytest.approx(0.5)}


def test_a_better_wrong_one_halves_the_precision() -> None:
    assert average_precisions([_sample(2)], [_found((FAR, 0.9, 2), (BOX, 0.5, 2))]) == {
        2: pytest.approx(0.5)
    }


def test_a_class_that_no_picture_has_does_not_count() -> None:
    assert average_precisions([_sample(1)], [_found((BOX, 0.9, 1), (FAR, 0.9, 3))]) == {1: 1.0}


def test_the_mean_of_no_classes_is_0() -> None:
    assert (mean_precision({}), mean_precision({1: 0.5, 4: 1.0})) == (0, 0.75)
