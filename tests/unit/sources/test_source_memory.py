"""Pictures that are in memory already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import splitdet
from splitdet.errors import SplitdetError
from splitdet.sources.memory import MemorySource


def test_arrays_come_in_order_and_uncopied() -> None:
    images = [np.full((4, 5, 3), number, np.uint8) for number in range(3)]
    source = MemorySource(iter(images))
    frames = [source.read() for _ in range(4)]
    assert frames[3] is None
    for image, frame in zip(images, frames):
        assert frame is not None
        assert np.shares_memory(image, frame.image)


def test_the_array_of_the_caller_stays_writable() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    frame = MemorySource([image]).read()
    assert frame is not None
    assert image.flags.writeable
    assert not frame.image.flags.writeable


def test_a_copy_does_not_change_with_the_array_of_the_caller() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    frame = MemorySource([image], copy=True).read()
    image[:] = 255
    assert frame is not None
    assert not frame.image.any()


def test_something_else_than_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a uint8 array"):
        MemorySource([np.zeros((4, 5), np.uint8)]).read()


def test_a_picture_that_could_not_be_read_is_no_end() -> None:
    images = [np.zeros((4, 5, 3), np.uint8), None]
    source = MemorySource(images)  # type: ignore[arg-type]
    assert source.read() is not None
    with pytest.raises(ValueError, match=r"cv2\.imread gives None for a file that it cannot read"):
        source.read()


def test_stream_takes_arrays(tiny_model: Path) -> None:
    images = [np.zeros((60, 80, 3), np.uint8)] * 5
    indices = [frame.index for frame, _ in splitdet.stream(images, tiny_model)]
    assert indices == [0, 1, 2, 3, 4]


def test_stream_reports_what_is_no_picture_in_one_line(tiny_model: Path) -> None:
    with pytest.raises(SplitdetError, match=r"source stage .* must be a uint8 array"):
        list(splitdet.stream([np.zeros((4, 5), np.uint8)], tiny_model))
