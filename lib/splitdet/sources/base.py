"""What every source of frames offers."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import List, NamedTuple, Optional, Sequence, Tuple

from splitdet.sources.gaps import Gaps
from splitdet.types import Frame, Pixels


class Skipped(NamedTuple):
    """A piece of the input that could not be read."""

    where: str
    reason: str


class Source(ABC):
    """Gives frames one after the other.

    `read` is called from one thread, and `close` from the same one once it is done.
    """

    live = False
    """Frames come whether they are read or not, so old ones may be dropped."""
    unit = "frames"
    """What to call what it gives."""
    keeps_files = False
    """Each frame is a file of its own, whose path is the frame's `source`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.skipped: List[Skipped] = []
        self.gaps = Gaps()
        self._index = 0
        self._began_s = time.perf_counter()

    @property
    def frame_count(self) -> Optional[int]:
        """How many frames there will be, as far as the source knows."""
        return None

    @property
    def frame_rate(self) -> Optional[float]:
        """Frames per second at which it was, or is being, recorded; None for single pictures."""
        return None

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """Height and width of its frames; None where it is not known or differs."""
        return None

    @property
    def due_s(self) -> float:
        """Until when a `read` that waits is no stall: `time.perf_counter()`; infinite while away."""
        return 0.0

    @property
    def parts(self) -> Sequence[Source]:
        """The inputs that it consists of; the place of each is the `stream` of its frames."""
        return (self,)

    def share_counts(self, gaps: Gaps, skipped: List[Skipped]) -> None:
        """Count gaps and unreadable pieces there from now on, together with those of others."""
        self.gaps, self.skipped = gaps, skipped

    @abstractmethod
    def read(self) -> Optional[Frame]:
        """The next frame, as soon as there is one; None at the end, or when interrupted.

        Raises:
            SourceError: the source is gone.
        """

    @property
    def next_s(self) -> Optional[float]:
        """Time of the next frame, of sources that are not live; None where only reading it tells."""
        return self._index / self.frame_rate if self.frame_rate else None

    def skip(self) -> bool:
        """Leave out the next frame, with as little work as can be; whether there was one."""
        return self.read() is not None

    def interrupt(self) -> None:
        """From any thread: let a `read` that waits return."""
        return

    def close(self) -> None:
        """Give devices and files back. Called once."""
        return

    def _frame(
        self,
        image: Pixels,
        source: str,
        time_s: Optional[float],
        read_s: float,
    ) -> Frame:
        """Make a frame of a picture that has just been read; reading it began at `read_s`."""
        now_s = time.perf_counter()
        if time_s is None:
            time_s = now_s - self._began_s
        frame = Frame(image, self._index, source, time_s, now_s, now_s - read_s)
        self._index += 1
        return frame
