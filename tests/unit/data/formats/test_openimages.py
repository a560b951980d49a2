"""Open Images CSV."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datasets import encoded, pixels, read, record, records, write
from splitdet.data.dataset import open_dataset
from splitdet.data.findings import Kind
from splitdet.data.records import Box

HEADER = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,"
    "IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
)
# as in train-annotations-bbox.csv of Open Images
ROW = "000026e7ee790996,freeform,/m/07j7r,1,0.0625,0.125,0.25,0.375,0,1,1,0,0\n"
CLASSES = "/m/07j7r,Tree\n/m/0k4j,Car\n"


def put(
    folder: Path,
    rows: str = ROW,
    boxes: str = "train-annotations-bbox.csv",
    picture: str = "train/000026e7ee790996.jpg",
) -> Path:
    (folder / picture).parent.mkdir(parents=True, exist_ok=True)
    (folder / boxes).write_text(HEADER + rows)
    (folder / "class-descriptions-boxable.csv").write_text(CLASSES)
    (folder / picture).write_bytes(encoded(pixels(0)))
    return folder


def test_a_row_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    (one,), findings = read(put(tmp_path))
    assert one.boxes == (Box("Tree", 6, 16, 12, 24, truncated=True, crowd=True),)
    assert (one.part, one.name) == ("train", "000026e7ee790996.jpg")
    assert not findings.counts


@pytest.mark.parametrize(
    ("boxes", "picture", "part"),
    [
        ("oidv6-train-annotations-bbox.csv", "train/000026e7ee790996.jpg", "train"),
        ("validation-annotations-bbox.csv", "validation/000026e7ee790996.jpg", "val"),
        ("sub-test-annotations-bbox.csv", "test/000026e7ee790996.jpg", "test"),
        ("annotations-bbox.csv", "images/000026e7ee790996.jpg", ""),
        ("boxes.csv", "000026e7ee790996.jpg", ""),
    ],
)
def test_a_picture_is_found_where_people_put_it(
    tmp_path: Path, boxes: str, picture: str, part: str
) -> None:
    (one,), findings = read(put(tmp_path, boxes=boxes, picture=picture))
    assert one.part == part
    assert not findings.counts


def test_rows_of_a_picture_need_not_stand_together(tmp_path: Path) -> None:
    other = ROW.replace("000026e7ee790996", "000062a39995e348").replace("07j7r", "0k4j")
    put(tmp_path, ROW + other + ROW)
    (tmp_path / "train/000062a39995e348.jpg").write_bytes(encoded(pixels(1)))
    found, _ = read(tmp_path)
    assert [[box.label for box in one.boxes] for one in found] == [["Tree", "Tree"], ["Car"]]


def test_names_of_classes_have_their_ids_in_the_order_of_the_alphabet(tmp_path: Path) -> None:
    assert open_dataset(put(tmp_path)).labels().names == {1: "Tree"}


def test_parts_are_called_as_open_images_calls_them(tmp_path: Path) -> None:
    write(tmp_path, "openimages", [record(0, part="val")])
    assert (tmp_path / "validation/p0.jpg").is_file()
    lines = (tmp_path / "validation-annotations-bbox.csv").read_text().splitlines()
    assert lines[0] + "\n" == HEADER
    assert lines[1] == "p0,splitdet,cat,1,0.104167,0.416667,0.187500,0.562500,0,0,0,0,0"


def test_a_row_with_too_few_columns_costs_only_itself(tmp_path: Path) -> None:
    (one,), findings = read(put(tmp_path, ROW + "000026e7ee790996,freeform\n" + ROW))
    assert len(one.boxes) == 2
    assert findings.counts == {Kind.BROKEN_ANNOTATION: 1}


def test_bytes_that_are_no_text_cost_only_their_row(tmp_path: Path) -> None:
    put(tmp_path)
    path = tmp_path / "train-annotations-bbox.csv"
    path.write_bytes(path.read_bytes() + b"\xff\xfe\x00\x00,\n" + ROW.encode())
    (one,), findings = read(tmp_path)
    assert len(one.boxes) == 2
    assert findings.counts[Kind.BROKEN_ANNOTATION] == 1


def test_flags_come_back(tmp_path: Path) -> None:
    boxes = [Box("cat", 1, 2, 30, 40, truncated=True), Box("cat", 1, 2, 30, 41, occluded=True)]
    (one,), _ = read(write(tmp_path, "openimages", [record(0, boxes)]))
    assert [(box.truncated, box.occluded) for box in one.boxes] == [(True, False), (False, True)]


def test_folders_become_a_part_of_the_id(tmp_path: Path) -> None:
    found, _ = read(write(tmp_path, "openimages", [record(0, name="x/a.jpg"), *records(1)]))
    assert [one.name for one in found] == ["p0.jpg", "x_a.jpg"]


def test_a_name_that_is_no_text_is_written_as_the_file_has_it(tmp_path: Path) -> None:
    write(tmp_path, "openimages", [record(0, name=os.fsdecode(b"caf\xe9.jpg"))])
    assert os.listdir(os.fsencode(str(tmp_path / "images"))) == [b"caf\xe9.jpg"]
    rows = (tmp_path / "annotations-bbox.csv").read_bytes().splitlines()
    assert [row.split(b",")[0] for row in rows[1:]] == [b"caf\xe9"] * 2


def test_a_name_that_is_no_text_is_found_again(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    (one,), findings = read(write(tmp_path, "openimages", [record(0, name=name)]))
    assert one.name == name
    assert not findings.counts


def test_a_class_whose_name_is_no_text_can_be_written_again(tmp_path: Path) -> None:
    write(tmp_path / "a", "openimages", records(1))
    for file in (tmp_path / "a").glob("*.csv"):
        file.write_bytes(file.read_bytes().replace(b"cat", b"c\xe4t"))
    found, _ = read(tmp_path / "a")
    assert "c\ufffdt" in {box.label for one in found for box in one.boxes}
    write(tmp_path / "b", "openimages", found)
