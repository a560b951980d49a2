"""`Detector` and `stream` as Python calls them, where they are called wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import numpy as np
import pytest

import splitdet
from splitdet.detector import Detector
from splitdet.errors import EngineError

IMAGE = np.zeros((60, 80, 3), np.uint8)
CLOSED = "^this Detector is closed; make another one$"


@pytest.fixture(name="detector")
def _detector(tiny_model: Path) -> Iterator[Detector]:
    with Detector(tiny_model, engine="tensorflow") as detector:
        yield detector


@pytest.mark.parametrize("det_th", [float("nan"), 7, -0.1, np.float32(1.5)])
def test_a_threshold_that_is_no_score_is_refused(detector: Detector, det_th: float) -> None:
    with pytest.raises(ValueError, match=rf"^det_th: expects a number from 0 to 1, got {det_th}$"):
        detector.detect(IMAGE, det_th=det_th)


def test_a_threshold_below_that_of_the_detector_is_refused(detector: Detector) -> None:
    with pytest.raises(ValueError, match=r"^det_th 0\.25 is less than that of the detector, 0\.5; open"):
        detector.detect(IMAGE, det_th=0.25)


def test_a_closed_detector_says_so(detector: Detector) -> None:
    detector.close()
    with pytest.raises(EngineError, match=CLOSED):
        detector.detect(IMAGE)
    with pytest.raises(EngineError, match=CLOSED):
        detector.warm_up()
    with pytest.raises(EngineError, match=CLOSED):
        next(splitdet.stream([IMAGE], detector))


def test_one_picture_is_no_stream(detector: Detector) -> None:
    with pytest.raises(TypeError, match=r"^one picture: put it into a list: stream\(\[image\], \.\.\)$"):
        next(splitdet.stream(IMAGE, detector))


def test_an_array_of_pictures_is_a_stream(detector: Detector) -> None:
    assert len(list(splitdet.stream(np.stack([IMAGE, IMAGE]), detector))) == 2
