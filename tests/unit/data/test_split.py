"""Dividing a dataset."""

from __future__ import annotations

from collections import Counter
from typing import Dict, List

import numpy as np
import pytest

from splitdet.data.split import Member, assign, join_by_name, parse_shares
from splitdet.errors import DataError

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}


def members(classes: List[List[str]]) -> List[Member]:
    return [Member(position, f"p{position}.jpg", labels) for position, labels in enumerate(classes)]


def alone(all_members: List[Member]) -> Dict[int, int]:
    """Every picture in a group of its own."""
    return {member.position: member.position for member in all_members}


def some(count: int = 1000) -> List[Member]:
    """Pictures with classes that are common, rare and very rare."""
    chance = np.random.RandomState(0)
    shares = {"common": 0.7, "half": 0.5, "rare": 0.05, "very rare": 0.02}
    return members([[one for one in shares if chance.rand() < shares[one]] for _ in range(count)])


def test_every_picture_comes_into_one_part() -> None:
    parts = assign(some(), alone(some()), SHARES)
    assert sorted(parts) == list(range(1000))
    assert set(parts.values()) == set(SHARES)


@pytest.mark.parametrize("seed", range(3))
def test_parts_have_their_share_of_pictures_and_of_every_class(seed: int) -> None:
    parts = assign(some(), alone(some()), SHARES, seed)
    pictures = Counter(parts.values())
    for part, share in SHARES.items():
        assert abs(pictures[part] - share * 1000) <= 5
    for label in ("common", "half", "rare", "very rare"):
        having = Counter(parts[one.position] for one in some() if label in one.classes)
        for part, share in SHARES.items():
            assert abs(having[part] - share * sum(having.values())) <= 2


def test_the_same_seed_gives_the_same_split_and_another_one_another() -> None:
    one, again, other = (assign(some(), alone(some()), SHARES, seed) for seed in (7, 7, 8))
    assert one == again
    assert one != other


def test_a_group_stays_together() -> None:
    groups = {position: position // 10 for position in range(1000)}
    parts = assign(some(), groups, SHARES)
    for group in range(100):
        assert len({parts[position] for position in range(10 * group, 10 * group + 10)}) == 1
    assert abs(Counter(parts.values())["train"] - 800) <= 30


def test_one_large_group_is_not_torn_apart() -> None:
    parts = assign(some(20), dict.fromkeys(range(20), 0), SHARES)
    assert set(parts.values()) == {"train"}


def test_a_class_of_three_pictures_is_in_every_part() -> None:
    classes = [["rare", "common"]] * 3 + [["common"]] * 297
    thirds = {"train": 1 / 3, "val": 1 / 3, "test": 1 / 3}
    parts = assign(members(classes), alone(members(classes)), thirds)
    assert {parts[position] for position in range(3)} == set(thirds)


def test_pictures_without_boxes_are_divided_too() -> None:
    parts = assign(members([[]] * 100), alone(members([[]] * 100)), SHARES)
    assert Counter(parts.values()) == {"train": 80, "val": 10, "test": 10}


def test_pictures_that_share_a_piece_of_their_name_stay_together() -> None:
    names = ["clip1_000.jpg", "clip1_001.jpg", "clip2_000.jpg", "other.jpg", "clip2_001.jpg"]
    frames = [Member(position, name, []) for position, name in enumerate(names)]
    groups = alone(frames)
    join_by_name(frames, groups, r"^(\w+)_\d+")
    assert groups[0] == groups[1]
    assert groups[2] == groups[4]
    assert len(set(groups.values())) == 3


def test_names_join_groups_of_copies() -> None:
    frames = [Member(position, name, []) for position, name in enumerate(["a_1", "a_2", "b_1", "b_2"])]
    groups = {0: 0, 1: 1, 2: 1, 3: 3}  # a_2 and b_1 are copies
    join_by_name(frames, groups, r"^\w")
    assert len(set(groups.values())) == 1


def test_a_wrong_expression_is_refused() -> None:
    with pytest.raises(DataError, match=r"--group \(: not a regular expression"):
        join_by_name([], {}, "(")


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("train=0.8,val=0.1,test=0.1", SHARES),
        ("train=8,val=1,test=1", SHARES),
        ("train=3, test=1", {"train": 0.75, "test": 0.25}),
        ("train=1", {"train": 1.0}),
    ],
)
def test_shares_add_up_to_one(text: str, shares: Dict[str, float]) -> None:
    assert parse_shares(text) == pytest.approx(shares)


@pytest.mark.parametrize(
    "text", ["", "train", "train=x", "train=0", "train=-1,test=2", "dev=1", "train=nan", "train=inf"]
)
def test_other_shares_are_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"--parts .*: expects shares of train, val, test"):
        parse_shares(text)
