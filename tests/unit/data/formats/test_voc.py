"""Pascal VOC XML."""

from __future__ import annotations

from csv import DictReader
from pathlib import Path
from typing import List, Optional

import pytest

from datasets import encoded, pixels, read, record, write
from splitdet.data.findings import Kind
from splitdet.data.records import Box, Record

XML = """<annotation>
  <folder>test</folder><filename>{name}</filename><path>C:\\cards\\{name}</path>
  <size><width>96</width><height>64</height><depth>3</depth></size>
  <object><name>ace</name><pose>Unspecified</pose><truncated>1</truncated><difficult>0</difficult>
    <bndbox><xmin>20</xmin><ymin>21.5</ymin><xmax>30</xmax><ymax>39</ymax></bndbox></object>
</annotation>
"""


def put(folder: Path, xml: str, picture: str, name: str = "a.jpg") -> None:
    for path in (folder / xml, folder / picture):
        path.parent.mkdir(parents=True, exist_ok=True)
    (folder / xml).write_text(XML.format(name=name), encoding="utf-8")
    (folder / picture).write_bytes(encoded(pixels(0)))


def only(folder: Path) -> Optional[Record]:
    found, _ = read(folder, "voc")
    return found[0] if found else None


def test_an_annotation_as_labelimg_writes_it_is_read(tmp_path: Path) -> None:
    put(tmp_path, "a.xml", "a.jpg")
    one = only(tmp_path)
    assert one is not None
    assert (one.name, one.part, one.width_px, one.height_px) == ("a.jpg", "", 96, 64)
    assert one.boxes == (Box("ace", 20, 21.5, 30, 39, truncated=True),)


@pytest.mark.parametrize(
    ("xml", "picture", "part", "name"),
    [
        ("test/a.xml", "test/a.jpg", "test", "a.jpg"),
        ("Annotations/a.xml", "JPEGImages/a.jpg", "", "a.jpg"),
        ("train/Annotations/a.xml", "train/JPEGImages/a.jpg", "train", "a.jpg"),
        ("Annotations/x/a.xml", "JPEGImages/x/a.jpg", "", "x/a.jpg"),
        ("annotations/a.xml", "images/a.jpg", "", "a.jpg"),
        ("Annotations/a.xml", "a.jpg", "", "a.jpg"),
        ("valid/x/a.xml", "valid/x/a.jpg", "val", "x/a.jpg"),
    ],
)
def test_a_picture_is_found_where_people_put_it(
    tmp_path: Path, xml: str, picture: str, part: str, name: str
) -> None:
    put(tmp_path, xml, picture)
    one = only(tmp_path)
    assert one is not None
    assert (one.part, one.name) == (part, name)


def test_lists_of_the_challenge_tell_the_part(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        put(tmp_path, f"Annotations/{name}.xml", f"JPEGImages/{name}.jpg", f"{name}.jpg")
    lists = {"trainval": "a\nb\nc\n", "train": "a\n", "val": "b\n", "test": "d\n", "cat_test": "a 1\n"}
    (tmp_path / "ImageSets/Main").mkdir(parents=True)
    for name, text in lists.items():
        (tmp_path / f"ImageSets/Main/{name}.txt").write_text(text)
    found, _ = read(tmp_path, "voc")
    assert [one.title for one in found] == ["test/d.jpg", "train/a.jpg", "train/c.jpg", "val/b.jpg"]


@pytest.mark.parametrize(
    "written", ["a.png", "a", "a.JPG", "nowhere/a.jpg", "", "C:\\cards\\a.jpg", "../a.jpg"]
)
def test_a_file_name_that_is_not_right_is_replaced_by_that_of_the_xml(
    tmp_path: Path, written: str
) -> None:
    put(tmp_path, "a.xml", "a.jpg", name=written)
    assert only(tmp_path) is not None


def test_a_picture_in_capitals_is_found(tmp_path: Path) -> None:
    put(tmp_path, "a.xml", "a.JPEG", name="a.jpg")
    one = only(tmp_path)
    assert one is not None
    assert one.name == "a.JPEG"


@pytest.mark.parametrize("written", ["../secret.jpg", "..\\secret.jpg", "x/../../secret.jpg"])
def test_a_picture_outside_of_the_dataset_is_not_touched(tmp_path: Path, written: str) -> None:
    put(tmp_path, "set/a.xml", "secret.jpg", name=written)
    found, findings = read(tmp_path / "set", "voc")
    assert found == []
    assert set(findings.counts) == {Kind.OUTSIDE_PATH, Kind.MISSING_PICTURE}


def test_whole_pixels_are_written_without_decimals(tmp_path: Path) -> None:
    write(tmp_path, "voc", [record(0, [Box("cat", 10, 12.25, 40.5, 36)])])
    text = (tmp_path / "Annotations/p0.xml").read_text()
    assert "<xmin>10</xmin><ymin>12.25</ymin><xmax>40.5</xmax><ymax>36</ymax>" in text


def test_a_name_with_special_characters_comes_back(tmp_path: Path) -> None:
    write(tmp_path, "voc", [record(0, [Box("<a & b>", 1, 2, 3, 4)])])
    one = only(tmp_path)
    assert one is not None
    assert one.boxes[0].label == "<a & b>"


@pytest.mark.zoo
@pytest.mark.parametrize("part", ["train", "test"])
def test_the_playing_cards_say_what_their_csv_says(shared: Path, part: str) -> None:
    images = shared / "datasets/playing_cards/images"
    with open(str(images / f"{part}_labels.csv"), encoding="utf-8") as file:
        rows = [
            (row["filename"], row["class"], *(float(row[e]) for e in ("xmin", "ymin", "xmax", "ymax")))
            for row in DictReader(file)
        ]
    found, findings = read(images, "voc")
    boxes: List[object] = [
        (one.name, box.label, *box.edges) for one in found if one.part == part for box in one.boxes
    ]
    assert not findings.counts
    assert sorted(map(str, boxes)) == sorted(map(str, rows))
