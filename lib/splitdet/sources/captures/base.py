"""What every reader of a stream offers."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from typing import Optional, Tuple

import numpy as np

WAITED_FRAMES = 3
FALLBACK_RATE = 30.0  # frames per second of streams that do not say


class Capture(ABC):
    """Opens a stream, reads it to its end, and is closed; by one thread, but for `interrupt`."""

    reader = ""
    """Who reads it, for people."""

    def __init__(self) -> None:
        self.interrupted = threading.Event()

    @abstractmethod
    def open(self) -> None:
        """Open it.

        Raises:
            SourceError: that cannot be done; the message is the reason alone.
        """

    @property
    def frame_rate(self) -> Optional[float]:
        """Frames per second, as far as the stream says."""
        return None

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """Height and width, as far as they are known."""
        return None

    @abstractmethod
    def read(self) -> Optional[np.ndarray]:
        """The next frame, as soon as there is one; None at the end of the stream, or when interrupted.

        Returns:
            uint8 (H, W, 3), BGR, in memory of its own.

        Raises:
            SourceError: it broke off, or fell silent; the message is the reason alone.
        """

    def skip_old(self, idle_s: float) -> None:
        """Leave out what has piled up while nobody read for `idle_s` seconds.

        Frames that have to be waited for, one after the other, are new: for a single one a busy machine
        may have been too slow. A file behind an address does not pile up.
        """
        period_s = 1.0 / (self.frame_rate or FALLBACK_RATE)
        waited = 0
        for _ in range(0 if self.has_length else int(idle_s / period_s)):
            begin_s = time.perf_counter()
            if not self._skip():
                return
            waited = waited + 1 if time.perf_counter() - begin_s > period_s / 2 else 0
            if waited == WAITED_FRAMES:
                return

    def skip(self, count: int) -> None:
        """Leave out the next `count` frames, or as many as there are.

        Raises:
            SourceError: see `read`.
        """
        for _ in range(count):
            if self.interrupted.is_set() or not self._skip():
                return

    @property
    def has_length(self) -> bool:
        """Whether the stream tells how long it is, as a file behind an address does."""
        return False

    @property
    def waits(self) -> bool:
        """Whether, once it is open, it waits for its reader, so that no frame need be lost."""
        return self.has_length

    def _skip(self) -> bool:
        """Leave out one frame; whether there was one that could be."""
        return False

    def interrupt(self) -> None:
        """From any thread: let an `open` or `read` that waits return."""
        self.interrupted.set()

    @abstractmethod
    def close(self) -> None:
        """Give devices and connections back; also after an `open` that failed."""
