"""When the main thread of a run turns to its window: for a result to be shown, and by the clock."""

from __future__ import annotations

import time
from typing import Any

import pytest

import splitdet.run
from fakes import FakeDetector, FakeSource, Work, nothing
from splitdet.config import make_config
from splitdet.job import Job
from splitdet.sinks.base import Viewer
from waiting import until

FRAMES = 40
NEVER_S = 1000.0


class CountingWindow(Viewer):
    """Shows each result, or none."""

    def __init__(self, shows: bool) -> None:
        self._shows = shows
        self._waiting = 0
        self.shown = 0
        self.looked = 0

    @property
    def has_news(self) -> bool:
        """See `Viewer.has_news`."""
        return self._waiting > 0

    def write(self, frame: Any, found: Any, picture: Any) -> None:
        """See `Sink.write`."""
        self._waiting += self._shows

    def refresh(self) -> int:
        """See `Viewer.refresh`."""
        shown, self._waiting = self._waiting, 0
        self.shown += shown
        return shown

    def wants_to_quit(self) -> bool:
        """See `Viewer.wants_to_quit`."""
        self.looked += 1
        return False


def run_with(
    window: CountingWindow, monkeypatch: pytest.MonkeyPatch, events_s: float, work: Work = nothing
) -> None:
    """A run of `FRAMES`; `work` is done before each is read."""
    monkeypatch.setattr(splitdet.run, "open_source", lambda *unused: FakeSource(FRAMES, work))
    monkeypatch.setattr(splitdet.run.Detector, "from_config", lambda config: FakeDetector(config=config))
    monkeypatch.setattr(splitdet.run, "make_viewer", lambda *unused: window)
    monkeypatch.setattr(splitdet.run, "EVENTS_S", events_s)
    outcome = splitdet.run.run(Job(make_config(), "fake"))
    assert outcome.summary["frames_out"] == FRAMES
    assert outcome.summary["shown"] == window.shown


def test_a_result_is_shown_as_soon_as_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    window = CountingWindow(shows=True)
    run_with(window, monkeypatch, NEVER_S, lambda index: until(lambda: window.shown == index))
    assert window.shown == FRAMES


def test_results_that_are_not_shown_do_not_wake_the_main_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    window = CountingWindow(shows=False)
    run_with(window, monkeypatch, NEVER_S)
    assert window.looked == 1  # at the end


def test_without_results_to_show_it_looks_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    window = CountingWindow(shows=False)
    run_with(window, monkeypatch, 0.001, lambda index: until(lambda: window.looked >= index))
    assert window.looked >= FRAMES - 1


class PausingWindow(CountingWindow):
    """Is paused with frame 5, and goes on after a while."""

    def __init__(self) -> None:
        super().__init__(shows=True)
        self.written = -1
        self.paused = False
        self.written_when_paused = -1

    def write(self, frame: Any, found: Any, picture: Any) -> None:
        """See `Sink.write`."""
        super().write(frame, found, picture)
        self.written = frame.index
        self.paused = frame.index == 5

    def wants_to_quit(self) -> bool:
        """See `Viewer.wants_to_quit`."""
        if self.paused:
            time.sleep(0.2)  # what were to be written now would be
            self.written_when_paused = self.written
            self.paused = False
        return False

    def is_paused(self) -> bool:
        """See `Viewer.is_paused`."""
        return self.paused


def test_nothing_is_written_behind_a_pause_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    window = PausingWindow()
    run_with(window, monkeypatch, 0.001)
    assert window.written_when_paused == 5
    assert window.written == FRAMES - 1
