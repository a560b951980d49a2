"""Keeping, leaving out and renaming classes."""

from __future__ import annotations

from typing import Dict, List

import pytest

from datasets import LABELS, record
from splitdet.data.classes import class_change
from splitdet.data.records import Box
from splitdet.errors import DataError
from splitdet.labels import Labels

THREE = Labels({1: "cat", 5: "dog", 9: "kitten"})
BOXES = [Box("cat", 1, 2, 30, 40), Box("dog", 2, 2, 30, 40), Box("kitten", 3, 2, 30, 40)]


@pytest.mark.parametrize(
    ("keep", "drop", "rename", "names", "labels"),
    [
        ([], [], [], ["cat", "dog", "kitten"], {1: "cat", 5: "dog", 9: "kitten"}),
        (["cat", "kitten"], [], [], ["cat", "kitten"], {1: "cat", 2: "kitten"}),
        ([], ["cat"], [], ["dog", "kitten"], {1: "dog", 2: "kitten"}),
        ([], [], ["dog=hound"], ["cat", "hound", "kitten"], {1: "cat", 5: "hound", 9: "kitten"}),
        ([], [], ["kitten=cat"], ["cat", "dog", "cat"], {1: "cat", 2: "dog"}),
        (["kitten"], [], ["kitten=cat"], ["cat"], {1: "cat"}),
    ],
)
def test_boxes_and_label_map_change_together(
    keep: List[str], drop: List[str], rename: List[str], names: List[str], labels: Dict[int, str]
) -> None:
    change = class_change(keep, drop, rename)
    changed = change.record(record(0, BOXES))
    assert changed is not None
    assert [box.label for box in changed.boxes] == names
    assert change.labels(THREE).names == labels


def test_a_picture_that_loses_all_its_boxes_is_left_out_and_background_is_kept() -> None:
    change = class_change(["dog"], [], [])
    assert change.record(record(0, BOXES[:1])) is None
    assert change.record(record(0, ())) == record(0, ())


def test_a_class_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        DataError, match=r"sea turtel: no such class in this dataset; did you mean sea turtle\?"
    ):
        class_change(["sea turtel"], [], []).check(LABELS)


@pytest.mark.parametrize("word", ["cat", "=cat", "cat="])
def test_a_renaming_has_an_old_and_a_new_name(word: str) -> None:
    with pytest.raises(DataError, match=r"--rename .*: expects OLD=NEW"):
        class_change([], [], [word])
