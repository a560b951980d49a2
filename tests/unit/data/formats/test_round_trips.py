"""What every format has in common: what is written is read again."""

from __future__ import annotations

from pathlib import Path
from typing import List

import numpy as np
import pytest

from datasets import BOXES, HEIGHT_PX, LABELS, WIDTH_PX, read, record, records, write
from splitdet.cli import data as commands
from splitdet.data.dataset import open_dataset
from splitdet.data.findings import Findings
from splitdet.data.formats import FORMATS, recognised
from splitdet.data.records import PARTS, Box, Record

formats = pytest.mark.parametrize("name", FORMATS)


def assert_same(found: List[Record], expected: List[Record]) -> None:
    """Same pictures, same classes, edges within a hundredth of a pixel."""
    assert [(one.part, Path(one.name).stem) for one in found] == [
        (one.part, Path(one.name).stem) for one in expected
    ]
    for one, other in zip(found, expected):
        assert one.image.read() == other.image.read()
        assert [box.label for box in one.boxes] == [box.label for box in other.boxes]
        for box, before in zip(one.boxes, other.boxes):
            np.testing.assert_allclose(box.edges, before.edges, atol=0.01)


@formats
def test_pictures_classes_and_boxes_come_back(tmp_path: Path, name: str) -> None:
    found, findings = read(write(tmp_path / "set", name, records()), name)
    assert_same(found, records())
    assert not findings.counts


@formats
def test_parts_come_back(tmp_path: Path, name: str) -> None:
    expected = [record(seed, part=part) for seed, part in enumerate(sorted(PARTS))]
    found, findings = read(write(tmp_path / "set", name, expected), name)
    assert_same(found, expected)
    assert not findings.counts


@formats
def test_a_picture_without_boxes_comes_back(tmp_path: Path, name: str) -> None:
    expected = [record(0), record(1, boxes=())]
    found, findings = read(write(tmp_path / "set", name, expected), name)
    assert_same(found, expected)
    assert not findings.counts


@formats
def test_ids_of_classes_come_back(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "set", name, [record(0)])
    assert open_dataset(folder, name).labels().names == LABELS.names


@formats
def test_a_format_is_recognised_and_no_other_one(tmp_path: Path, name: str) -> None:
    parts = [record(seed, part=part) for seed, part in enumerate(PARTS)]
    assert recognised(write(tmp_path / "a", name, records())) == [name]
    assert recognised(write(tmp_path / "b", name, parts)) == [name]


@formats
def test_a_folder_without_a_dataset_is_not_recognised(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("1 apple\n")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "tool.json").write_text('{"images": 3}')
    (tmp_path / "page.xml").write_text("<page/>")
    assert not FORMATS[name].reader.recognises(tmp_path)
    assert not FORMATS[name].reader.recognises(tmp_path / "notes.txt")


@formats
def test_pictures_of_one_name_in_several_folders_all_come_back(tmp_path: Path, name: str) -> None:
    names = ["x/a.jpg", "y/a.jpg", "a.jpg"]
    content = [record(seed, name=one) for seed, one in enumerate(names)]
    found, findings = read(write(tmp_path / "set", name, content), name)
    assert {one.image.read() for one in found} == {one.image.read() for one in content}
    assert not findings.counts


@formats
def test_pictures_that_differ_in_suffix_or_case_only_all_come_back(tmp_path: Path, name: str) -> None:
    names = ["a.jpg", "a.jpeg", "A.jpg"]
    boxes = [(Box("cat", 1, 2, 30, 40 + seed),) for seed in range(3)]
    content = [record(seed, boxes[seed], name=one) for seed, one in enumerate(names)]
    found, findings = read(write(tmp_path / "set", name, content), name)
    assert {(one.image.read(), round(one.boxes[0].ymax)) for one in found} == {
        (one.image.read(), one.boxes[0].ymax) for one in content
    }
    assert not findings.counts


@formats
@pytest.mark.parametrize("evil", ["../../evil.jpg", "/evil.jpg", "C:\\evil.jpg", "..\\evil.jpg", ".."])
def test_no_name_writes_outside_of_the_folder(tmp_path: Path, name: str, evil: str) -> None:
    write(tmp_path / "deep/er/set", name, [record(0, name=evil)])
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert all(tmp_path / "deep/er/set" in path.parents for path in written)


@formats
def test_any_record_can_be_read_by_itself(tmp_path: Path, name: str) -> None:
    dataset = open_dataset(write(tmp_path / "set", name, records(5)), name)
    names = [one.name for one in dataset.records()]
    last = dataset.reader.read(len(dataset) - 1, Findings())
    assert last is not None
    assert last.name == names[-1]


@formats
def test_a_writer_counts_the_bytes_of_its_files(tmp_path: Path, name: str) -> None:
    with FORMATS[name].writer(tmp_path, LABELS) as writer:
        for one in records():
            writer.write(one)
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert writer.bytes_written == size


def test_the_command_line_offers_every_format() -> None:
    assert tuple(FORMATS) == commands.FORMATS


def test_the_boxes_of_these_tests_are_no_whole_pixels() -> None:
    assert any(edge % 1 for box in BOXES for edge in box.edges)
    assert all(0 <= edge <= max(WIDTH_PX, HEIGHT_PX) for box in BOXES for edge in box.edges)
