"""Which pictures of Open Images are chosen."""

from __future__ import annotations

from typing import Dict

import pytest

from splitdet.data.openimages.plan import Rows, choose


def rows(part: str, count: int) -> Rows:
    return {f"{part}{number:04d}": [{"ImageID": f"{part}{number:04d}"}] for number in range(count)}


@pytest.mark.parametrize("most", [1, 2, 7, 100, 1000])
def test_a_maximum_is_met_exactly_and_in_proportion(most: int) -> None:
    found = {"train": rows("t", 3626), "validation": rows("v", 171), "test": rows("e", 505)}
    chosen = choose(found, most, 0)
    assert sum(map(len, chosen.values())) == most
    for part, all_rows in found.items():
        assert abs(len(chosen[part]) - most * len(all_rows) / 4302) <= 1


def test_more_than_there_is_takes_all() -> None:
    found: Dict[str, Rows] = {"train": rows("t", 3), "test": rows("e", 2)}
    assert choose(found, 10, 0) == found


def test_another_seed_chooses_others() -> None:
    found = {"train": rows("t", 1000)}
    assert choose(found, 10, 0) == choose(found, 10, 0)
    assert choose(found, 10, 0) != choose(found, 10, 1)
