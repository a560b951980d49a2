"""KITTI text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets import encoded, pixels, read, record, write
from splitdet.data.dataset import open_dataset
from splitdet.data.findings import Kind
from splitdet.data.records import Box
from splitdet.labels import Labels

# the first object of KITTI's training set (label_2/000000.txt), and a region without labels
PEDESTRIAN = "Pedestrian 0.00 0 -0.20 712.40 143.00 810.73 307.92 1.89 0.48 1.20 1.84 1.47 8.41 0.01"
DONT_CARE = "DontCare -1 -1 -10 503.89 169.71 590.61 190.13 -1 -1 -1 -1000 -1000 -1000 -10"


def put(
    folder: Path, text: str, text_file: str = "label_2/a.txt", picture: str = "image_2/a.png"
) -> Path:
    for path in (folder / text_file, folder / picture):
        path.parent.mkdir(parents=True, exist_ok=True)
    (folder / text_file).write_text(text)
    (folder / picture).write_bytes(encoded(pixels(0, 1242, 375), ".png"))
    return folder


def test_a_line_of_kitti_is_read(tmp_path: Path) -> None:
    (one,), findings = read(put(tmp_path, PEDESTRIAN + "\n" + DONT_CARE + "\n"))
    assert one.boxes == (Box("Pedestrian", 712.4, 143, 810.73, 307.92),)
    assert not findings.counts


@pytest.mark.parametrize(
    ("text_file", "picture", "part"),
    [
        ("training/label_2/a.txt", "training/image_2/a.png", "train"),
        ("labels/a.txt", "images/a.png", ""),
        ("val/labels/a.txt", "val/images/a.png", "val"),
        ("a.txt", "a.png", ""),
    ],
)
def test_a_picture_is_found_where_people_put_it(
    tmp_path: Path, text_file: str, picture: str, part: str
) -> None:
    (one,), _ = read(put(tmp_path, PEDESTRIAN, text_file, picture))
    assert (one.part, one.name) == (part, "a.png")


def test_truncated_and_occluded_objects_are_marked(tmp_path: Path) -> None:
    lines = [PEDESTRIAN.replace("0.00 0", "0.42 0"), PEDESTRIAN.replace("0.00 0", "0.00 2")]
    (one,), _ = read(put(tmp_path, "\n".join(lines)))
    assert [(box.truncated, box.occluded) for box in one.boxes] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("line", "label"),
    [
        (PEDESTRIAN + " 0.93", "Pedestrian"),
        (PEDESTRIAN.replace("Pedestrian", "Person sitting"), "Person sitting"),
        (PEDESTRIAN.replace("Pedestrian", "9"), "9"),
    ],
)
def test_scores_and_odd_names_are_told_from_numbers(tmp_path: Path, line: str, label: str) -> None:
    (one,), _ = read(put(tmp_path, line), "kitti")
    assert one.boxes == (Box(label, 712.4, 143, 810.73, 307.92),)


@pytest.mark.parametrize("line", ["Car 0 0 0 1 2 3", "Car " + "x " * 14, "1 2 3", PEDESTRIAN + " 1 2 3"])
def test_a_line_that_cannot_be_read_costs_only_itself(tmp_path: Path, line: str) -> None:
    (one,), findings = read(put(tmp_path, PEDESTRIAN + "\n" + line + "\n"))
    assert len(one.boxes) == 1
    assert findings.counts == {Kind.BROKEN_BOX: 1}


def test_a_line_has_fifteen_fields_and_kittis_values_for_what_is_not_known(tmp_path: Path) -> None:
    write(tmp_path, "kitti", [record(0, [Box("cat", 10, 12, 40, 36, truncated=True)])])
    assert (tmp_path / "label_2/p0.txt").read_text() == (
        "cat 1.00 0 -10 10.00 12.00 40.00 36.00 -1 -1 -1 -1000 -1000 -1000 -10\n"
    )


def test_spaces_in_names_come_back_by_the_label_map(tmp_path: Path) -> None:
    labels = Labels({1: "sea turtle", 2: "a_b"})
    write(
        tmp_path, "kitti", [record(0, [Box("sea turtle", 1, 2, 3, 4), Box("a_b", 1, 2, 3, 4)])], labels
    )
    assert (tmp_path / "label_2/p0.txt").read_text().startswith("sea_turtle ")
    (one,) = open_dataset(tmp_path).records()
    assert [box.label for box in one.boxes] == ["sea turtle", "a_b"]
