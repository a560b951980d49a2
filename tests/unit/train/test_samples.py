"""Annotations are read, and what is wrong with them is said."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from splitdet.errors import ConfigError, DataError
from splitdet.train.open import class_names, read_samples
from splitdet.train.settings import checked

VOC = """<annotation><filename>a.jpg</filename><size><width>200</width><height>100</height></size>
<object><name>{name}</name><bndbox><xmin>20</xmin><ymin>10</ymin><xmax>{xmax}</xmax><ymax>60</ymax>
</bndbox></object></annotation>"""


def write(folder: Path, name: str = "ace", xmax: int = 120) -> str:
    """A picture with an annotation beside it."""
    cv2.imwrite(str(folder / "a.jpg"), np.zeros((100, 200, 3), np.uint8))
    (folder / "a.xml").write_text(VOC.format(name=name, xmax=xmax), encoding="utf-8")
    return str(folder)


def test_boxes_are_parts_of_the_picture(tmp_path: Path) -> None:
    (sample,), labels = read_samples(write(tmp_path))
    np.testing.assert_allclose(sample.boxes, [[0.1, 0.1, 0.6, 0.6]])
    assert (sample.classes.tolist(), class_names(labels)) == ([1], ["ace"])
    assert sample.pixels().shape == (100, 200, 3)


def test_a_class_that_training_did_not_know_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"class 'joker' is not one of: ace, king"):
        read_samples(write(tmp_path, name="joker"), ["ace", "king"])


def test_a_box_without_area_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a box without area"):
        read_samples(write(tmp_path, xmax=20))


def test_an_annotation_without_its_picture_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(DataError, match=r"its picture 'a\.jpg' is not there"):
        read_samples(folder)


def test_a_folder_without_annotations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures with Pascal VOC annotations"):
        read_samples(str(tmp_path))


def test_shapes_are_the_same_for_the_same_seed() -> None:
    one, other, third = (read_samples(text)[0][2] for text in ("shapes:3:5", "shapes:9:5", "shapes:3:6"))
    np.testing.assert_array_equal(one.pixels(), other.pixels())
    np.testing.assert_array_equal(one.boxes, other.boxes)
    assert not np.array_equal(one.pixels(), third.pixels())


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("epoch", 3, "unknown key 'epoch'"),
        ("batch", 0, "batch: expects 1 to 1024, got 0"),
        ("flip", "maybe", "flip: expects bool"),
        ("frozen_blocks", 14, "expects 0 to 13, got 14"),
    ],
)
def test_a_wrong_setting_is_refused(key: str, value: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        checked({key: value}, "test")
