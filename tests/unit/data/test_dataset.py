"""Opening datasets."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets import LABELS, record, records, write
from splitdet.data.dataset import open_dataset
from splitdet.data.label_map import LABEL_MAP
from splitdet.data.records import Box
from splitdet.errors import ConfigError, DataError
from splitdet.labels import Labels


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: no such file or folder"):
        open_dataset(tmp_path / "none")


def test_what_is_no_dataset_is_told_with_the_formats_there_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"not a dataset of a known format \(voc, coco, yolo, kitti"):
        open_dataset(tmp_path)


def test_what_could_be_two_formats_has_to_be_named(tmp_path: Path) -> None:
    write(tmp_path, "voc", records(1))
    write(tmp_path, "coco", records(1))
    with pytest.raises(DataError, match="looks like voc and coco; say which with --from"):
        open_dataset(tmp_path)
    assert open_dataset(tmp_path, "coco").format == "coco"


def test_a_format_that_is_not_there_is_told(tmp_path: Path) -> None:
    write(tmp_path, "voc", records(1))
    with pytest.raises(DataError, match="nothing of format tfrecord here"):
        open_dataset(tmp_path, "tfrecord")


def test_two_passes_give_the_same_records(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path, "voc", records()))
    assert list(dataset.records()) == list(dataset.records())


@pytest.mark.parametrize(
    ("limit", "names"),
    [(0, "0123456789"), (3, "036"), (10, "0123456789"), (99, "0123456789"), (1, "0")],
)
def test_a_limit_is_spread_over_all(tmp_path: Path, limit: int, names: str) -> None:
    dataset = open_dataset(write(tmp_path, "voc", records(10)))
    assert "".join(one.name[1] for one in dataset.records(limit=limit)) == names


def test_a_label_map_that_is_given_beats_the_one_beside(tmp_path: Path) -> None:
    write(tmp_path / "set", "voc", records(1))
    (tmp_path / "mine.txt").write_text("dog\n")
    dataset = open_dataset(tmp_path / "set", labels=str(tmp_path / "mine.txt"))
    assert dataset.labels().names == {1: "dog"}
    assert open_dataset(tmp_path / "set").labels().names == LABELS.names


def test_a_label_map_that_is_not_there_names_the_option(tmp_path: Path) -> None:
    write(tmp_path / "set", "voc", records(1))
    with pytest.raises(ConfigError, match=r"--labels: .*none\.txt: no such file"):
        open_dataset(tmp_path / "set", labels=str(tmp_path / "none.txt"))


def test_without_a_label_map_names_are_those_that_are_found(tmp_path: Path) -> None:
    write(tmp_path, "voc", [record(0, [Box("b", 1, 2, 3, 4), Box("a", 1, 2, 3, 4)])], Labels({}))
    (tmp_path / LABEL_MAP).unlink()
    dataset = open_dataset(tmp_path)
    assert dataset.label_map is None
    assert dataset.labels().names == {1: "a", 2: "b"}


def test_a_limit_holds_for_the_search_for_names_too(tmp_path: Path) -> None:
    content = [record(seed, [Box(f"class {seed}", 1, 2, 30, 40)]) for seed in range(4)]
    write(tmp_path, "voc", content, Labels({}))
    (tmp_path / LABEL_MAP).unlink()
    assert open_dataset(tmp_path).labels(2).names == {1: "class 0", 2: "class 2"}
    assert len(open_dataset(tmp_path).labels()) == 4


def test_records_that_pair_ids_and_names_make_a_label_map(tmp_path: Path) -> None:
    write(tmp_path, "tfrecord", records(1), Labels({4: "cat", 9: "sea turtle"}))
    (tmp_path / LABEL_MAP).unlink()
    assert open_dataset(tmp_path).labels().names == {4: "cat", 9: "sea turtle"}
