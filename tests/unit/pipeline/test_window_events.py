"""How often a run lets its window look for events, which takes a millisecond or more."""

from __future__ import annotations

from typing import Any

import pytest

import splitdet.run
from fakes import FakeDetector, FakeSource
from splitdet.config import make_config
from splitdet.job import Job
from splitdet.sinks.base import Viewer

FRAMES = 40


class CountingWindow(Viewer):
    """Shows the first so many results."""

    def __init__(self, shows: int) -> None:
        self._left = shows
        self.looked = 0

    def write(self, frame: Any, found: Any, picture: Any) -> None:
        """See `Sink.write`."""

    def refresh(self) -> bool:
        """See `Viewer.refresh`."""
        self._left -= 1
        return self._left >= 0

    def wants_to_quit(self) -> bool:
        """See `Viewer.wants_to_quit`."""
        self.looked += 1
        return False


def looked(monkeypatch: pytest.MonkeyPatch, shows: int, events_s: float) -> int:
    """How often the window looks for events while `FRAMES` results come."""
    window = CountingWindow(shows)
    monkeypatch.setattr(splitdet.run, "open_source", lambda *unused: FakeSource(FRAMES))
    monkeypatch.setattr(splitdet.run.Detector, "from_config", lambda config: FakeDetector(config=config))
    monkeypatch.setattr(splitdet.run, "make_viewer", lambda *unused: window)
    monkeypatch.setattr(splitdet.run, "EVENTS_S", events_s)
    outcome = splitdet.run.run(Job(make_config(), "fake"))
    assert outcome.summary["frames_out"] == FRAMES
    return window.looked


def test_each_result_that_is_shown_lets_the_window_look(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked(monkeypatch, shows=FRAMES, events_s=1000.0) == FRAMES


def test_results_that_are_not_shown_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked(monkeypatch, shows=10, events_s=1000.0) == 10


def test_without_results_to_show_it_looks_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked(monkeypatch, shows=0, events_s=0.0) >= FRAMES
