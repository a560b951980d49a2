"""Long work in a thread, with a line on the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from places import ROOT
from splitdet.engines.progress import Progress
from splitdet.errors import EngineError
from waiting import PATIENCE_S


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


LEFT_BEHIND = """
import atexit, os, signal, threading
from splitdet.cli.console import guarded
from splitdet.engines.progress import Progress

atexit.register(print, "ended in order")
threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
guarded(lambda: Progress("building").while_running(threading.Event().wait))
"""


def test_a_build_that_does_not_stop_holds_nobody_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND],
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    # its messages would come through a Python that has ended
    assert (done.returncode, done.stdout, done.stderr.strip()) == (143, "", "stopped by SIGTERM")
