"""Long work in a thread, with a line on the terminal."""

from __future__ import annotations

import threading

import pytest

from splitdet.engines.progress import Progress
from splitdet.errors import EngineError


def test_an_error_of_the_work_is_raised_where_it_was_asked_for() -> None:
    def fail() -> None:
        raise EngineError("no such thing")

    with pytest.raises(EngineError, match="no such thing"):
        Progress("building").while_running(fail)


def test_the_work_is_told_when_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress("building")
    told = threading.Event()

    def work() -> None:
        while not progress.cancelled:
            threading.Event().wait(0.01)
        told.set()

    def interrupt(self: Progress) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "text", interrupt)
    with pytest.raises(KeyboardInterrupt):
        progress.while_running(work)
    assert told.is_set()
