"""YOLO text files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from datasets import encoded, pixels, read, record, records, write
from splitdet.data.dataset import open_dataset
from splitdet.data.findings import Kind
from splitdet.data.records import Box
from splitdet.labels import Labels

LINE = "1 0.5 0.5 0.25 0.5\n"
BOX = Box("dog", 36, 16, 60, 48)  # of 96x64


def put(folder: Path, text_file: str, picture: str, text: str = LINE) -> Path:
    for path in (folder / text_file, folder / picture):
        path.parent.mkdir(parents=True, exist_ok=True)
    (folder / text_file).write_text(text)
    (folder / picture).write_bytes(encoded(pixels(0)))
    return folder


@pytest.mark.parametrize(
    ("text_file", "picture", "part", "name"),
    [
        ("labels/train/a.txt", "images/train/a.jpg", "train", "a.jpg"),
        ("train/labels/a.txt", "train/images/a.jpg", "train", "a.jpg"),
        ("valid/labels/x/a.txt", "valid/images/x/a.jpg", "val", "x/a.jpg"),
        ("a.txt", "a.jpg", "", "a.jpg"),
        ("obj_train_data/a.txt", "obj_train_data/a.jpg", "", "a.jpg"),
        ("labels/a.txt", "a.jpg", "", "a.jpg"),
    ],
)
def test_centre_and_size_become_edges_wherever_files_lie(
    tmp_path: Path, text_file: str, picture: str, part: str, name: str
) -> None:
    put(tmp_path, text_file, picture)
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\n")
    (one,), findings = read(tmp_path, "yolo")
    assert one.boxes == (BOX,)
    assert (one.part, one.name) == (part, name)
    assert not findings.counts


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("data.yaml", "train: ../train/images\nnc: 2\nnames: ['cat', 'dog']\n"),
        ("coco.yml", "names:\n  0: cat\n  1: dog\n"),
        ("classes.txt", "cat\ndog\n"),
        ("obj.names", "cat\r\ndog"),
    ],
)
def test_names_come_from_where_tools_put_them(tmp_path: Path, file: str, text: str) -> None:
    put(tmp_path, "a.txt", "a.jpg")
    (tmp_path / file).write_bytes(text.encode())
    dataset = open_dataset(tmp_path, "yolo")
    assert dataset.labels().names == {1: "cat", 2: "dog"}
    assert [box.label for one in dataset.records() for box in one.boxes] == ["dog"]


def test_names_may_be_given(tmp_path: Path) -> None:
    put(tmp_path / "set", "a.txt", "a.jpg")
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    dataset = open_dataset(tmp_path / "set", labels=str(tmp_path / "names.txt"))
    assert [box.label for one in dataset.records() for box in one.boxes] == ["dog"]


def test_an_outline_becomes_the_box_around_it(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "a.jpg", "0 0.25 0.5 0.5 0.25 0.75 0.75\n")
    (one,), _ = read(tmp_path, "yolo")
    assert one.boxes[0].edges == (24, 16, 72, 48)


def test_a_score_behind_a_box_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "a.jpg", "0 0.5 0.5 0.25 0.5 0.97\n")
    (one,), _ = read(tmp_path, "yolo")
    assert one.boxes[0].edges == BOX.edges


def test_an_empty_text_file_means_background(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "a.jpg", "")
    (one,), findings = read(tmp_path, "yolo")
    assert one.boxes == ()
    assert not findings.counts


def test_a_picture_without_a_text_file_is_background_and_told(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "a.jpg")
    (tmp_path / "b.jpg").write_bytes(encoded(pixels(1)))
    found, findings = read(tmp_path, "yolo")
    assert [len(one.boxes) for one in found] == [1, 0]
    assert findings.counts == {Kind.NO_ANNOTATION: 1}


@pytest.mark.parametrize(
    "text", ["&a [*a, *a]", "names: [[1, 2], [3]]", "names: {a: b}", "names: 3", "{{{", "- 1\n- 2"]
)
def test_a_yaml_that_names_nothing_costs_nothing(tmp_path: Path, text: str) -> None:
    put(tmp_path, "a.txt", "a.jpg")
    (tmp_path / "data.yaml").write_text(text)
    (one,), _ = read(tmp_path, "yolo")
    assert [box.label for box in one.boxes] == ["1"]


def test_an_id_beyond_any_list_of_classes_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "a.jpg")
    (tmp_path / "data.yaml").write_text("names: {99999999999: cat}\n")
    (one,), findings = read(tmp_path, "yolo")
    assert [box.label for box in one.boxes] == ["1"]
    (told,) = findings.kept[Kind.BROKEN_ANNOTATION]
    assert str(told) == "data.yaml: names: 99999999999: expects ids below 100000"


def test_data_yaml_is_as_ultralytics_reads_it(tmp_path: Path) -> None:
    content = [record(seed, part=part) for seed, part in enumerate(("train", "val"))]
    write(tmp_path, "yolo", content, Labels({3: "cat", 7: "sea turtle"}))
    assert yaml.safe_load((tmp_path / "data.yaml").read_text()) == {
        "train": "images/train",
        "val": "images/val",
        "names": {0: "cat", 1: "sea turtle"},
    }
    lines = (tmp_path / "labels/train/p0.txt").read_text().splitlines()
    assert lines == ["0 0.260417 0.375000 0.312500 0.375000", "1 0.723958 0.628906 0.442708 0.617188"]


def test_without_parts_there_is_one_folder(tmp_path: Path) -> None:
    write(tmp_path, "yolo", records(1))
    assert (tmp_path / "images/p0.jpg").is_file()
    assert (tmp_path / "labels/p0.txt").is_file()
