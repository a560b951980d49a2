"""Datasets of any format become samples; what is wrong with one is told before training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets import BOXES, HEIGHT_PX, WIDTH_PX, pixels, record, records, write
from splitdet.data.records import Box
from splitdet.errors import DataError
from splitdet.labels import Labels
from splitdet.train.open import class_names, read_samples

for package in ("PIL", "defusedxml", "google_crc32c"):  # they come with the extra `train`
    pytest.importorskip(package)


@pytest.mark.parametrize("format_name", ["voc", "coco", "yolo", "tfrecord"])
def test_boxes_are_parts_of_the_picture_in_any_format(tmp_path: Path, format_name: str) -> None:
    folder = write(tmp_path / "data", format_name, records(1))
    (sample,), labels = read_samples(str(folder))
    sides = [HEIGHT_PX, WIDTH_PX] * 2
    expected = [np.array([box.ymin, box.xmin, box.ymax, box.xmax]) / sides for box in BOXES]
    np.testing.assert_allclose(sample.boxes, expected, atol=1e-4)
    assert (sample.classes.tolist(), class_names(labels)) == ([1, 2], ["cat", "sea turtle"])
    np.testing.assert_allclose(sample.pixels().astype(float), pixels(0), atol=24)  # it was a JPEG


def test_ids_of_a_label_map_with_gaps_are_counted_anew(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", "voc", records(1), Labels({3: "sea turtle", 17: "cat"}))
    (sample,), labels = read_samples(str(folder))
    assert (sample.classes.tolist(), class_names(labels)) == ([2, 1], ["sea turtle", "cat"])


def test_a_picture_that_exif_turns_lies_as_its_boxes_do(tmp_path: Path) -> None:
    from PIL import Image

    folder = write(tmp_path / "data", "voc", records(1))
    (path,) = folder.rglob("*.jpg")
    upright = Image.open(path)
    tag = Image.Exif()
    tag[0x0112] = 6  # stored lying on its side
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=tag, quality=95)
    (sample,), _ = read_samples(str(folder))
    np.testing.assert_allclose(sample.pixels().astype(float), pixels(0), atol=40)


def test_a_group_of_objects_is_nothing_to_learn(tmp_path: Path) -> None:
    group = replace(BOXES[1], crowd=True)
    folder = write(tmp_path / "data", "coco", [record(0, (BOXES[0], group))])
    (sample,), _ = read_samples(str(folder))
    assert sample.classes.tolist() == [1]


def test_samples_know_their_part(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", "voc", [record(0, part="train"), record(1, part="test")])
    assert sorted(sample.part for sample in read_samples(str(folder))[0]) == ["test", "train"]


def test_a_class_that_training_did_not_know_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", "voc", records(1))
    with pytest.raises(DataError, match=r"class that is not in the label map .*sea turtle"):
        read_samples(str(folder), ["cat", "dog"])


def test_a_box_without_area_is_refused_with_what_mends_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", "voc", [record(0, (Box("cat", 10, 10, 10, 20),))])
    with pytest.raises(DataError, match=r"box without area .*x 10 to 10.*data check .* --fix") as caught:
        read_samples(str(folder))
    assert "\n" not in str(caught.value)


def test_an_annotation_without_its_picture_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", "voc", records(2))
    next(folder.rglob("*.jpg")).unlink()
    with pytest.raises(DataError, match=r"picture that is missing"):
        read_samples(str(folder))


def test_a_picture_that_is_gone_when_it_is_needed_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", "voc", records(1))
    (sample,), _ = read_samples(str(folder))
    next(folder.rglob("*.jpg")).unlink()
    with pytest.raises(DataError, match=r"p0\.jpg: this picture could be read before"):
        sample.pixels()


def test_shapes_are_the_same_for_the_same_seed() -> None:
    one, other, third = (read_samples(text)[0][2] for text in ("shapes:3:5", "shapes:9:5", "shapes:3:6"))
    np.testing.assert_array_equal(one.pixels(), other.pixels())
    np.testing.assert_array_equal(one.boxes, other.boxes)
    assert not np.array_equal(one.pixels(), third.pixels())
