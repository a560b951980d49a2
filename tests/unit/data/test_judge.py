"""Which boxes are wrong, and what is made of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Optional, Tuple

import pytest

from datasets import record
from splitdet.data.findings import Kind
from splitdet.data.judge import can_be_written, judge_boxes
from splitdet.data.records import Box

Edges = Tuple[float, float, float, float]
CLASSES = frozenset({"cat"})
# the picture has 96 x 64 pixels


@pytest.mark.parametrize(
    ("edges", "kind", "mended"),
    [
        ((10, 12, 40, 36), None, (10, 12, 40, 36)),
        ((0, 0, 96, 64), None, (0, 0, 96, 64)),
        ((-0.4, 0, 96.4, 64), None, (0, 0, 96, 64)),
        ((40, 12, 10, 36), Kind.INVERTED_BOX, (10, 12, 40, 36)),
        ((10, 36, 40, 12), Kind.INVERTED_BOX, (10, 12, 40, 36)),
        ((40, 36, 10, 12), Kind.INVERTED_BOX, (10, 12, 40, 36)),
        ((10, 12, 10, 36), Kind.EMPTY_BOX, None),
        ((10, 12, 40, 12), Kind.EMPTY_BOX, None),
        ((-9, 12, 40, 36), Kind.OVERHANGING_BOX, (0, 12, 40, 36)),
        ((10, 12, 40, 99), Kind.OVERHANGING_BOX, (10, 12, 40, 64)),
        ((96, 12, 120, 36), Kind.OUTSIDE_BOX, None),
        ((10, -20, 40, -1), Kind.OUTSIDE_BOX, None),
        ((10, 12, 10.9, 36), Kind.TINY_BOX, (10, 12, 10.9, 36)),
        ((10, 12, 40, 12.6), Kind.TINY_BOX, (10, 12, 40, 12.6)),
        ((10, 12, math.nan, 36), Kind.BROKEN_BOX, None),
        ((10, 12, math.inf, 36), Kind.BROKEN_BOX, None),
    ],
)
def test_a_box_is_judged(edges: Edges, kind: Optional[Kind], mended: Optional[Edges]) -> None:
    findings, boxes = judge_boxes(record(0, [Box("cat", *edges)]), CLASSES)
    assert [finding.kind for finding in findings] == ([kind] if kind else [])
    assert [box.edges for box in boxes] == ([mended] if mended else [])


def test_several_things_can_be_wrong_with_one_box() -> None:
    findings, boxes = judge_boxes(record(0, [Box("cat", 120, 12, -3, 36)]), CLASSES)
    assert [finding.kind for finding in findings] == [Kind.INVERTED_BOX, Kind.OVERHANGING_BOX]
    assert boxes[0].edges == (0, 12, 96, 36)


def test_a_finding_says_which_box_and_what_of_it() -> None:
    one = record(0, [Box("cat", 1, 2, 30, 40), Box("cat", 40, 12, 10, 36)], part="train")
    (finding,), _ = judge_boxes(one, CLASSES)
    assert str(finding) == "train/p0.jpg: box 2 (cat): x 40 to 10, y 12 to 36"


@pytest.mark.parametrize(
    ("label", "kind"), [("", Kind.NO_CLASS), (" ", Kind.NO_CLASS), ("dog", Kind.UNKNOWN_CLASS)]
)
def test_a_class_must_be_in_the_label_map(label: str, kind: Kind) -> None:
    findings, boxes = judge_boxes(record(0, [Box(label, 1, 2, 30, 40)]), CLASSES)
    assert [finding.kind for finding in findings] == [kind]
    assert boxes == ()


def test_without_a_label_map_any_class_is_good() -> None:
    assert judge_boxes(record(0, [Box("dog", 1, 2, 30, 40)]), None)[0] == []


def test_the_same_box_of_another_class_is_another_box() -> None:
    boxes = [Box("cat", 1, 2, 30, 40), Box("dog", 1, 2, 30, 40), Box("cat", 1, 2.001, 30, 40)]
    findings, kept = judge_boxes(record(0, boxes), None)
    assert [finding.kind for finding in findings] == [Kind.REPEATED_BOX]
    assert kept == tuple(boxes[:2])


def test_flags_of_a_box_survive_its_mending() -> None:
    box = Box("cat", 40, 12, 10, 36, difficult=True, truncated=True, occluded=True, crowd=True)
    assert judge_boxes(record(0, [box]), None)[1] == (replace(box, xmin=10, xmax=40),)


def test_how_small_is_tiny_can_be_said() -> None:
    one = record(0, [Box("cat", 10, 12, 30, 36)])
    assert judge_boxes(one, None, tiny=0.2)[0] == []
    assert [finding.kind for finding in judge_boxes(one, None, tiny=0.21)[0]] == [Kind.TINY_BOX]


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box("cat", 40, 12, 10, 36), True),
        (Box("dog", 10, 12, 40, 36), False),
        (Box("cat", math.nan, 12, 40, 36), False),
    ],
)
def test_a_format_has_no_place_for_unknown_classes_and_no_numbers(box: Box, expected: bool) -> None:
    assert can_be_written(box, CLASSES) == expected
