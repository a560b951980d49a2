"""How often something is due, with a clock that the tests turn."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest

from fakes import Clock
from splitdet.sinks import beat
from splitdet.sinks.beat import Beat


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(beat, "time", clock)
    return clock


def _due(clock: Clock, wanted: Beat, times_s: List[float]) -> List[bool]:
    answers = []
    for clock.now_s in times_s:
        answers.append(wanted.is_due())
    return answers


@pytest.mark.parametrize("asked_per_s", [31.0, 59.94, 60.0, 100.0, 1000.0])
def test_thirty_a_second_are_thirty_however_often_it_is_asked(asked_per_s: float, clock: Clock) -> None:
    times_s = list(100.0 + np.arange(0, 10, 1 / asked_per_s))
    assert 29 <= sum(_due(clock, Beat(30.0), times_s)) / 10 <= 30.1


def test_frames_that_come_unevenly_do_not_break_the_beat(clock: Clock) -> None:
    random = np.random.RandomState(0)
    times_s = list(100.0 + np.arange(0, 10, 1 / 30) + random.uniform(-0.01, 0.01, 300))
    assert sum(_due(clock, Beat(30.0), sorted(times_s))) / 10 >= 29


@pytest.mark.parametrize("first_s", [0.0, 3.0, 1e6])
def test_the_first_begins_the_beat_whatever_the_clock_shows(first_s: float, clock: Clock) -> None:
    times_s = [first_s, first_s + 5.0, first_s + 10.5, first_s + 11.0]
    assert _due(clock, Beat(0.1), times_s) == [True, False, True, False]


def test_after_a_pause_one_is_made_up_for_and_no_more(clock: Clock) -> None:
    times_s = [100.0, 200.0, 200.01, 200.02, 200.09, 200.1, 200.15]
    assert _due(clock, Beat(10.0), times_s) == [True, True, True, False, False, True, False]


def test_without_a_limit_it_is_always_due(clock: Clock) -> None:
    assert _due(clock, Beat(0.0), [100.0, 100.0, 100.0]) == [True, True, True]
