"""Pictures that INT8 finds its ranges with."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from picture_files import random_pictures, write_pictures
from splitdet.engines.pictures import Pictures
from splitdet.errors import EngineError
from splitdet.resize import resize_bilinear


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures."""
    return write_pictures(tmp_path / "pictures", random_pictures(12))


def test_pictures_come_stretched_and_in_rgb(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "blue.png"), np.full((4, 9, 3), (255, 0, 0), np.uint8))
    (batch,) = Pictures(str(tmp_path), (6, 5)).batches(1)
    assert batch.shape == (1, 6, 5, 3)
    assert batch.dtype == np.float32
    assert batch[0, 0, 0].tolist() == [0.0, 0.0, 255.0]


def test_a_batch_that_is_not_full_is_left_out(folder: Path) -> None:
    assert len(list(Pictures(str(folder), (8, 8)).batches(5))) == 2


def test_fewer_pictures_than_a_batch_are_shown_again(folder: Path) -> None:
    (batch,) = Pictures(str(folder), (8, 8)).batches(20)
    assert (batch[0] == batch[12]).all()


def test_other_pictures_have_another_digest(folder: Path) -> None:
    before = Pictures(str(folder), (8, 8)).digest
    (folder / "00.png").write_bytes((folder / "01.png").read_bytes())
    assert Pictures(str(folder), (8, 8)).digest != before


@pytest.mark.parametrize(
    ("name", "reason"), [("nowhere", "no such file or folder"), ("empty", "no pictures in this folder")]
)
def test_a_folder_without_pictures_is_an_error(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EngineError, match=rf"calibration: .*{name}: {reason}"):
        Pictures(str(tmp_path / name), (8, 8))


def test_a_file_that_is_no_picture_is_an_error_with_its_name(folder: Path) -> None:
    (folder / "03.png").write_bytes(b"not a picture")
    with pytest.raises(EngineError, match=r"calibration: .*03\.png: not a picture"):
        list(Pictures(str(folder), (8, 8)).batches(1))


def test_pictures_are_resized_as_frames_are(folder: Path) -> None:
    (first, *_) = Pictures(str(folder), (30, 20)).batches(1)
    image = cv2.imread(str(folder / "00.png"))
    np.testing.assert_array_equal(first[0], resize_bilinear(image, (30, 20)))


def test_without_a_folder_the_error_tells_how_to_name_one() -> None:
    with pytest.raises(EngineError, match=r"FOLDER \(in config\.yml calibration: FOLDER;"):
        Pictures("", (8, 8))
