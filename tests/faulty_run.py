"""`splitdet run` with a fault at one place: python faulty_run.py STAGE KIND FRAME [ARGUMENT ..]."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from queue import SimpleQueue
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import splitdet.run
from fakes import FakeDetector, FakeSource, Work, fault, nothing
from splitdet.cli.main import main
from splitdet.sinks.base import Sink, Viewer

FRAMES = 30


class FaultySink(Sink):
    """Fails when the faulty frame is written."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def write(self, frame: Any, found: Any, picture: Any) -> None:
        """See `Sink.write`."""
        self._work(frame.index)


class FaultyWindow(Viewer):
    """A window whose library gets stuck, or whose user presses q or space."""

    def __init__(self, work: Work, quit_at: int = -1, paused: bool = False) -> None:
        self._work = work
        self._quit_at = quit_at
        self._paused = paused
        self._waiting: SimpleQueue[int] = SimpleQueue()
        self._shown = 0

    @property
    def has_news(self) -> bool:
        """See `Viewer.has_news`."""
        return not self._waiting.empty()

    def write(self, frame: Any, found: Any, picture: Any) -> None:
        """See `Sink.write`."""
        self._waiting.put(frame.index)

    def refresh(self) -> int:
        """Fail when the faulty frame is shown."""
        before = self._shown
        while self.has_news:
            self._work(self._waiting.get())
            self._shown += 1
        return self._shown - before

    def wants_to_quit(self) -> bool:
        """After so many frames."""
        return 0 < self._quit_at <= self._shown

    def is_paused(self) -> bool:
        """From the first frame on, or never."""
        return self._paused


def _main(stage: str, kind: str, frame: str) -> None:
    work = nothing if kind == "quit" else fault(kind, int(frame))
    steps = {stage: work}
    source = FakeSource(FRAMES, work if stage == "source" else nothing)
    make_sinks = splitdet.run.make_sinks
    splitdet.run.open_source = lambda *unused: source
    splitdet.run.Detector.from_config = lambda config: FakeDetector(steps, config)
    if stage == "output":
        splitdet.run.make_sinks = lambda *args: [*make_sinks(*args), FaultySink(work)]
    if stage == "window":
        quit_at = int(frame) if kind == "quit" else -1
        splitdet.run.make_viewer = lambda *unused: FaultyWindow(work, quit_at)
    if stage == "behind a pause":
        steps["cpu"] = work
        splitdet.run.make_viewer = lambda *unused: FaultyWindow(nothing, paused=True)
    main(["run", "fake", *sys.argv[4:]])


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs without
    _main(*sys.argv[1:4])
