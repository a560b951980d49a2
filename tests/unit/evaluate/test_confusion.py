"""What was taken for what."""

from __future__ import annotations

from labelled import dataset, found, true
from splitdet.evaluate.confusion import NOTHING, confusion


def test_every_object_and_every_detection_is_counted_where_it_belongs() -> None:
    truth = dataset(
        [true(1, 0, 0, 20, 20), true(2, 40, 0, 20, 20), true(2, 0, 30, 20, 20)],
        [true(1, 0, 0, 20, 20)],
    )
    some = [
        found(1, 1, 0.9, 0, 0, 20, 20),  # a cat found as a cat
        found(1, 1, 0.8, 40, 0, 20, 20),  # a dog found as a cat
        found(1, 5, 0.7, 50, 40, 10, 10),  # a traffic light where nothing is
        found(2, 1, 0.3, 0, 0, 20, 20),  # not reported
    ]
    pairs = confusion(truth, some, 0.5)
    assert pairs.names == ("cat", "dog", "traffic light", NOTHING)
    assert pairs.counts.tolist() == [[1, 0, 0, 1], [1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]]
    assert pairs.as_record() == {
        "cat": {"cat": 1, NOTHING: 1},
        "dog": {"cat": 1, NOTHING: 1},
        NOTHING: {"traffic light": 1},
    }


def test_pairs_that_overlap_most_come_first() -> None:
    truth = dataset([true(1, 0, 0, 20, 20), true(2, 0, 4, 20, 20)])
    some = [found(1, 2, 0.9, 0, 4, 20, 20), found(1, 1, 0.6, 0, 0, 20, 20)]
    assert confusion(truth, some, 0.5).counts.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_an_object_is_found_once() -> None:
    truth = dataset([true(1, 0, 0, 20, 20)])
    twice = [found(1, 1, score, 0, 0, 20, 20) for score in (0.9, 0.8)]
    assert confusion(truth, twice, 0.5).counts.tolist() == [[1, 0], [1, 0]]


def test_difficult_objects_and_crowds_are_left_out() -> None:
    truth = dataset([true(1, 0, 0, 20, 20, difficult=True), true(1, 40, 0, 20, 20, crowd=True)])
    some = [found(1, 1, 0.9, 0, 0, 20, 20), found(1, 1, 0.9, 40, 0, 20, 20)]
    assert confusion(truth, some, 0.5).counts.sum() == 0
