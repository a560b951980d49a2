"""The times in which a live source gave nothing."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Deque, Dict, NamedTuple

KEPT = 20


class Gap(NamedTuple):
    """One time in which a source was away."""

    source: str
    reason: str
    """Why it was gone, in its reader's words."""
    seconds: float
    """From its last frame to the next, or to the end of the run."""
    frames: int
    """Frames that did not come, by the rate that the stream tells, or else had before; 0 without any."""


class Gaps:
    """Counts gaps; only the last few are kept, so that a run may go on for ever."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.frames = 0
        self.last: Deque[Gap] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(self, gap: Gap) -> None:
        """Count one; from any thread."""
        with self._lock:
            self.count += 1
            self.seconds += gap.seconds
            self.frames += gap.frames
            self.last.append(gap)

    def summary(self) -> Dict[str, Any]:
        """Totals, and the last few one by one."""
        return {
            "count": self.count,
            "seconds": round(self.seconds, 3),
            "frames": self.frames,
            "last": [gap._replace(seconds=round(gap.seconds, 3))._asdict() for gap in self.last],
        }
