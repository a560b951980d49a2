"""Numbers that are painted into pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from splitdet.sources.painted import BITS, PAINTED_PX, age_s, paint_clock, paint_number, read_number


def picture(seed: int = 0) -> np.ndarray:
    """Noise with room for a number."""
    return np.random.RandomState(seed).randint(0, 256, (120, 160, 3)).astype(np.uint8)


@pytest.mark.parametrize("number", [0, 1, 255, 2**32, 2**BITS - 1, 0xAAAAAAAAAA])
def test_a_number_is_read_back(number: int) -> None:
    image = picture()
    paint_number(image, number)
    assert read_number(image) == number


def test_only_its_own_place_is_painted_over() -> None:
    image = picture()
    paint_number(image, 12345)
    before = picture()
    np.testing.assert_array_equal(image[PAINTED_PX[0] :], before[PAINTED_PX[0] :])
    np.testing.assert_array_equal(image[:, PAINTED_PX[1] :], before[:, PAINTED_PX[1] :])


def test_a_number_outlives_a_coder(tmp_path: Path) -> None:
    path = str(tmp_path / "clip.mp4")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (160, 120))
    for index in range(30):
        image = picture(index)
        paint_number(image, 1000 + 77 * index)
        writer.write(image)
    writer.release()
    capture = cv2.VideoCapture(path)
    assert [read_number(capture.read()[1]) for _ in range(30)] == [1000 + 77 * n for n in range(30)]


@pytest.mark.parametrize("level", [0, 16, 128, 235, 255])
def test_in_an_empty_picture_there_is_no_number(level: int) -> None:
    assert read_number(np.full((120, 160, 3), level, np.uint8)) is None


def test_in_a_torn_picture_there_is_no_number() -> None:
    image = picture()
    paint_number(image, 0x123456789A)
    image[PAINTED_PX[0] // 2 :] = 128
    assert read_number(image) is None


def test_in_a_picture_that_is_too_small_there_is_no_number() -> None:
    assert read_number(np.zeros((20, 20, 3), np.uint8)) is None
    assert age_s(np.zeros((20, 20, 3), np.uint8)) is None


def test_a_clock_tells_its_age() -> None:
    image = picture()
    paint_clock(image)
    first, second = age_s(image), age_s(image)
    assert first is not None
    assert second is not None
    assert 0 <= first <= second < 60


def test_a_clock_goes_on_when_its_number_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    image = picture()
    monkeypatch.setattr("time.perf_counter", lambda: (2**BITS - 1) / 1e6)
    paint_clock(image)
    monkeypatch.setattr("time.perf_counter", lambda: (2**BITS + 1_999_999) / 1e6)
    assert age_s(image) == 2.0
