"""The same work on many things."""

from __future__ import annotations

import threading
from typing import Iterator, List

import pytest

from splitdet.data.parallel import ordered_map


def test_results_keep_the_order_of_the_input() -> None:
    first_waits = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            first_waits.wait(10)
        elif number == 3:
            first_waits.set()
        return number * 2

    assert list(ordered_map(work, range(50), workers=4)) == [2 * number for number in range(50)]


def test_only_a_few_things_are_taken_at_once() -> None:
    taken: List[int] = []

    def things() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = ordered_map(lambda number: number, things(), workers=2)
    assert next(results) == 0
    assert len(taken) <= 6
    results.close()


def test_an_error_comes_out_where_its_thing_stands() -> None:
    results = ordered_map(lambda number: 1 // number, [1, 0, 1], workers=2)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_nothing_gives_nothing() -> None:
    assert list(ordered_map(str, [])) == []
