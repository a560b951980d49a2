"""A window without a screen, which writes down what it shows and does what a test tells it."""

from __future__ import annotations

import os
import signal
import threading
from functools import partial
from pathlib import Path
from typing import Any, Optional

import numpy as np

from splitdet.errors import SinkError
from splitdet.sinks.base import Viewer
from splitdet.types import Detections, Frame


class FakeWindow(Viewer):
    """Shows each result at once.

    Args:
        folder: gets `INDEX.npy` with each picture that is shown, and `threshold.txt`.
        does: what happens after the picture `at`: quit, raise or lower (the threshold), pause, kill
            (itself) or hang.
    """

    def __init__(
        self,
        title: str,
        paint: Any,
        most_fps: float,
        text: bool,
        fps: Any,
        move_threshold: Any,
        folder: Path = Path(),
        does: str = "",
        at: int = 0,
    ) -> None:
        if does == "fail":
            raise SinkError("the window failed (no screen)")
        self._paint = paint
        self._move_threshold = move_threshold
        self._folder = folder
        self._does = does
        self._at = at
        self._count = 0
        self._next: Optional[Any] = None
        self._paused = False
        self._quits = False

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        if not self._paused:
            self._next = (frame.index, self._paint(frame.image, found, ()))

    def refresh(self) -> int:
        """See `Viewer.refresh`."""
        if self._next is None:
            return 0
        index, picture = self._next
        self._next = None
        np.save(str(self._folder / f"{index}.npy"), picture)
        if self._count == self._at:
            self._do()
        self._count += 1
        return 1

    def _do(self) -> None:
        self._quits = self._does == "quit"
        self._paused = self._does == "pause"
        if self._does in ("raise", "lower"):
            moved = self._move_threshold(1 if self._does == "raise" else -1)
            (self._folder / "threshold.txt").write_text(f"{moved:.2f}")
        if self._does == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._does == "hang":
            threading.Event().wait()

    def wants_to_quit(self) -> bool:
        """See `Viewer.wants_to_quit`."""
        return self._quits

    def is_paused(self) -> bool:
        """See `Viewer.is_paused`."""
        return self._paused


def fake_window(folder: Path, does: str = "", at: int = 0) -> Any:
    """What opens a `FakeWindow`, here or in a worker."""
    return partial(FakeWindow, folder=folder, does=does, at=at)
