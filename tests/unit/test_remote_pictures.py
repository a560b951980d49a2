"""Pictures that are not in this process's memory."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import numpy as np

from splitdet.detector import Detector
from splitdet.types import Batch, Frame, RemotePicture

SIZE_PX = (60, 80)


class PictureElsewhere(RemotePicture):
    """One that has to be fetched."""

    def __init__(self, image: np.ndarray) -> None:
        self._image = image

    @property
    def shape(self) -> Tuple[int, int, int]:
        return (*SIZE_PX, 3)

    def fetch(self) -> np.ndarray:
        return self._image


def test_an_engine_that_cannot_read_a_picture_where_it_is_gets_a_copy(tiny_model: Path) -> None:
    image = np.random.RandomState(0).randint(0, 256, (*SIZE_PX, 3)).astype(np.uint8)
    with Detector(tiny_model, det_th=0.0) as detector:
        expected = detector.detect(image)
        batch = Batch([Frame(PictureElsewhere(image), 0, "", 0.0, 0.0)])
        detector.steps.take(batch, detector.selection)
    assert len(expected) > 0
    np.testing.assert_array_equal(batch.results[0].boxes, expected.boxes)
    np.testing.assert_array_equal(batch.results[0].scores, expected.scores)


def test_a_frame_knows_its_size_without_its_pixels() -> None:
    frame = Frame(PictureElsewhere(np.zeros((1, 1, 3), np.uint8)), 0, "", 0.0, 0.0)
    assert (frame.height, frame.width) == SIZE_PX
