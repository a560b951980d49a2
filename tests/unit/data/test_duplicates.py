"""Copies and look-alikes."""

from __future__ import annotations

from typing import List, Sequence, Set, Tuple

import cv2
import numpy as np
import pytest

from datasets import BOXES, encoded, pixels, record
from splitdet.data.duplicates import MOST_BITS, Duplicates, look_alikes
from splitdet.data.findings import Findings, Kind
from splitdet.data.records import Box, ImageBytes
from splitdet.data.settle import settle


def hashes(count: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (count, 32)).astype(np.uint8)


def brute_force(rows: np.ndarray) -> Set[Tuple[int, int]]:
    """Every pair that differs in few bits, found by comparing all with all."""
    bits = np.unpackbits(rows, axis=1).astype(int)
    differing = np.abs(bits[:, None] - bits[None]).sum(axis=2)
    return {(i, j) for i, j in zip(*np.nonzero(differing <= MOST_BITS)) if i < j}


@pytest.mark.parametrize("flipped", [1, 10, 19, 20, 21, 40])
def test_all_that_are_close_enough_are_found_and_no_others(flipped: int) -> None:
    rows = hashes(60)
    chance = np.random.RandomState(flipped)
    bits = np.unpackbits(rows, axis=1)
    for index in range(0, 60, 2):
        bits[index + 1] = bits[index]
        bits[index + 1, chance.choice(256, flipped, replace=False)] ^= 1
    rows = np.packbits(bits, axis=1)
    assert set(look_alikes(rows)) == brute_force(rows)
    assert len(set(look_alikes(rows))) == (30 if flipped <= MOST_BITS else 0)


def test_equal_ones_are_joined_in_a_chain() -> None:
    rows = np.repeat(hashes(2), 3, axis=0)
    assert sorted(look_alikes(rows)) == [(0, 1), (1, 2), (3, 4), (4, 5)]


def test_a_great_many_equal_ones_take_no_time() -> None:
    assert len(list(look_alikes(np.zeros((50_000, 32), np.uint8)))) == 49_999


@pytest.mark.parametrize("count", [0, 1])
def test_few_have_no_pairs(count: int) -> None:
    assert list(look_alikes(hashes(count))) == []


def found(
    parts: Sequence[str], seeds: Sequence[int], boxes: Sequence[Tuple[Box, ...]] = ()
) -> Duplicates:
    """Pictures with these seeds, in these parts."""
    duplicates = Duplicates()
    for position, (part, seed) in enumerate(zip(parts, seeds)):
        one = record(seed, boxes[position] if boxes else BOXES, part, f"p{position}.jpg")
        duplicates.add(position, settle(one), one)
    return duplicates


@pytest.mark.parametrize(
    ("parts", "copies"),
    [
        (["train", "test"], {0}),
        (["test", "train"], {1}),
        (["train", "val"], {0}),
        (["val", "test", "train"], {0, 2}),
        (["", ""], {1}),
    ],
)
def test_the_copy_that_is_held_out_is_kept(parts: List[str], copies: Set[int]) -> None:
    assert found(parts, [1] * len(parts)).report(Findings()) == copies


def test_copies_in_one_part_and_in_two_are_told_apart() -> None:
    findings = Findings()
    found(["train", "train", "test"], [1, 1, 1]).report(findings)
    assert findings.counts == {Kind.LEAK: 2}
    findings = Findings()
    found(["train", "train"], [1, 1]).report(findings)
    assert findings.counts == {Kind.REPEATED_PICTURE: 1}
    assert str(findings.kept[Kind.REPEATED_PICTURE][0]) == "train/p1.jpg: same as train/p0.jpg"


def test_copies_with_other_boxes_contradict_each_other() -> None:
    findings = Findings()
    found(["", ""], [1, 1], [BOXES, BOXES[:1]]).report(findings)
    assert findings.counts == {Kind.REPEATED_PICTURE: 1, Kind.CONTRADICTION: 1}


def test_the_order_of_boxes_does_not_matter() -> None:
    findings = Findings()
    found(["", ""], [1, 1], [BOXES, BOXES[::-1]]).report(findings)
    assert findings.counts == {Kind.REPEATED_PICTURE: 1}


@pytest.mark.parametrize("change", ["smaller", "coarser", "brighter"])
def test_a_changed_copy_looks_alike(change: str) -> None:
    picture = pixels(1, 384, 256)
    changed = {
        "smaller": encoded(cv2.resize(picture, (150, 100), interpolation=cv2.INTER_AREA)),
        "coarser": bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 20])[1].tobytes()),
        "brighter": encoded(cv2.convertScaleAbs(picture, alpha=0.9, beta=10)),
    }[change]
    duplicates = Duplicates()
    for position, data in enumerate((encoded(picture), changed, encoded(pixels(2)))):
        one = record(0, (), name=f"p{position}.jpg")
        one = type(one)(one.name, ImageBytes(data), 0, 0, ())
        duplicates.add(position, settle(one), one)
    findings = Findings()
    assert duplicates.report(findings) == set()
    assert findings.counts == {Kind.LOOK_ALIKE: 1}
    groups = duplicates.groups()
    assert groups[0] == groups[1] != groups[2]


def test_groups_hold_copies_and_chains_of_look_alikes() -> None:
    groups = found([""] * 5, [1, 2, 1, 3, 2]).groups()
    assert groups[0] == groups[2]
    assert groups[1] == groups[4]
    assert len(set(groups.values())) == 3


@pytest.mark.zoo
def test_no_photograph_of_coco_looks_like_another(shared: object) -> None:
    from pathlib import Path

    duplicates = Duplicates()
    for position, path in enumerate(sorted(Path(str(shared)).glob("coco/images/*.jpg"))):
        one = record(0, (), name=path.name)
        one = type(one)(one.name, ImageBytes(path.read_bytes()), 0, 0, ())
        duplicates.add(position, settle(one), one)
    findings = Findings()
    duplicates.report(findings)
    assert findings.counts == {}
