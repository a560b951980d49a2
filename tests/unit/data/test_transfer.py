"""From one dataset to another."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import List, Optional

import numpy as np
import pytest

from datasets import LABELS, encoded, record, records, tree, write
from splitdet.data.dataset import open_dataset
from splitdet.data.findings import Findings, Kind
from splitdet.data.formats import FORMATS
from splitdet.data.records import Box, ImageBytes, Record
from splitdet.data.transfer import check_target, new_folder, transfer
from splitdet.errors import DataError
from splitdet.labels import Labels


def same(position: int, record: Record) -> Optional[Record]:
    return record


def test_a_folder_appears_once_all_is_in_it(tmp_path: Path) -> None:
    with new_folder(tmp_path / "new/deep", tmp_path / "set") as folder:
        (folder / "a").write_text("content")
        assert not (tmp_path / "new/deep").exists()
    assert tree(tmp_path / "new").keys() == {"deep/a"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["deep"]


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_folder(tmp_path / "new", tmp_path / "set") as folder:
            (folder / "a").write_text("content")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with new_folder(tmp_path / "new", tmp_path / "set") as folder:
        (folder / "a").write_text("content")
    assert (tmp_path / "new/a").read_text() == "content"


@pytest.mark.parametrize("target", ["full", "file"])
def test_nothing_is_written_over(tmp_path: Path, target: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a").write_text("kept")
    (tmp_path / "file").write_text("kept")
    with pytest.raises(DataError, match="is there already"):
        check_target(tmp_path / target, tmp_path / "set")


@pytest.mark.parametrize("target", ["set/fixed", "set/x/../fixed", "link/fixed", "set"])
def test_nothing_is_written_into_the_dataset_itself(tmp_path: Path, target: str) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "set")
    with pytest.raises(DataError, match="which is never changed"):
        check_target(tmp_path / target, tmp_path / "set")


def test_classes_that_the_label_map_lacks_are_told_and_left_out(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path / "set", "voc", records(1)))
    findings = Findings()
    folder = tmp_path / "out"
    folder.mkdir()
    with FORMATS["coco"].writer(folder, Labels({1: "cat"})) as writer:
        done = transfer(dataset, writer, same, findings)
    assert (done.pictures, done.boxes) == (1, 1)
    assert findings.counts == {Kind.UNKNOWN_CLASS: 1}


def test_wrong_boxes_are_told_and_written_as_they_are(tmp_path: Path) -> None:
    wrong = record(0, [Box("cat", 40, 12, 10, 36)])
    dataset = open_dataset(write(tmp_path / "set", "voc", [wrong]))
    findings = Findings()
    (tmp_path / "out").mkdir()
    with FORMATS["coco"].writer(tmp_path / "out", LABELS) as writer:
        transfer(dataset, writer, same, findings)
    (one,) = open_dataset(tmp_path / "out").records()
    assert one.boxes == wrong.boxes
    assert findings.counts == {Kind.INVERTED_BOX: 1}


@pytest.mark.parametrize("name", ["tfrecord", "voc"])
def test_memory_does_not_grow_with_the_dataset(tmp_path: Path, name: str) -> None:
    size = 1 << 20
    noise = np.random.RandomState(0).randint(0, 256, (500, 700, 3)).astype(np.uint8)
    data = encoded(noise, ".png")
    assert len(data) > size
    large = [
        replace(record(0, name=f"p{number}.png"), image=ImageBytes(data), width_px=700, height_px=500)
        for number in range(40)
    ]
    write(tmp_path / "set", name, large)
    dataset = open_dataset(tmp_path / "set")
    (tmp_path / "out").mkdir()
    tracemalloc.start()
    try:
        with FORMATS["tfrecord"].writer(tmp_path / "out", LABELS) as writer:
            done = transfer(dataset, writer, same, Findings())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert done.bytes_written > 40 * size
    assert peak < 20 * size


def test_shards_are_closed_when_they_are_full_and_named_in_the_end(tmp_path: Path) -> None:
    from splitdet.data.formats.tfrecord_writer import TFRecordWriter

    content: List[Record] = [record(seed, part=part) for seed in range(6) for part in ("train", "val")]
    with TFRecordWriter(tmp_path, LABELS) as writer:
        writer.shard_bytes = 2 * len(content[0].image.read())
        for one in content:
            writer.write(one)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "label_map.pbtxt",
        *(f"train.record-{number:05d}-of-00003" for number in range(3)),
        *(f"val.record-{number:05d}-of-00003" for number in range(3)),
    ]
    assert len(list(open_dataset(tmp_path).records())) == 12
