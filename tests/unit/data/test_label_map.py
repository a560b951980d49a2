"""Label maps beside datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from splitdet.data.label_map import as_pbtxt, ids_of, label_map_beside, numbered
from splitdet.labels import Labels, load_labels


@pytest.mark.parametrize(
    "names", [{1: "cat", 7: "sea turtle"}, {1: "it's"}, {1: 'a "b" \\ c'}, {1: "Straße"}, {1: "{#}"}]
)
def test_what_is_written_is_read_again(tmp_path: Path, names: Dict[int, str]) -> None:
    (tmp_path / "a.pbtxt").write_text(as_pbtxt(Labels(names)), encoding="utf-8")
    assert load_labels(tmp_path / "a.pbtxt").names == names


@pytest.mark.parametrize(
    "name", ["label_map.pbtxt", "labelmap.pbtxt", "cards_label_map.pbtxt", "labels.txt"]
)
def test_a_map_is_found_beside_a_dataset(tmp_path: Path, name: str) -> None:
    text = "cat\n" if name.endswith(".txt") else as_pbtxt(Labels({1: "cat"}))
    (tmp_path / name).write_text(text)
    found = label_map_beside(tmp_path)
    assert found is not None
    assert found.names == {1: "cat"}


def test_a_map_that_cannot_be_read_is_told_and_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "label_map.pbtxt").write_text("nonsense")
    assert label_map_beside(tmp_path) is None
    assert "label_map.pbtxt: not a label map" in caplog.text


def test_classes_are_numbered_in_the_order_of_the_alphabet() -> None:
    assert numbered(["b", "a", "b"]).names == {1: "a", 2: "b"}


def test_of_a_name_with_two_ids_the_smaller_counts() -> None:
    assert ids_of(Labels({3: "cat", 1: "dog", 2: "cat"})) == {"cat": 2, "dog": 1}
