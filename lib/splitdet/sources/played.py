"""How a source is played: from where to where, how often, how fast, and every how many frames."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace
from typing import Callable, List, Optional, Tuple

from splitdet.config.streams import Playback
from splitdet.errors import SourceError
from splitdet.sources.base import Skipped, Source
from splitdet.sources.gaps import Gaps
from splitdet.types import Frame

_ROUNDING_S = 1e-6
"""Of a time that is a multiple of a period: 2.2 s at 25 a second are 55.00000000000001 frames."""


class PlayedSource(Source):
    """A source with the options of `Playback`.

    Frames are numbered as they are given. Their times go on from one pass to the next.

    Args:
        make_source: opens the source; called again for each pass.
    """

    def __init__(self, make_source: Callable[[], Source], playback: Playback) -> None:
        self._make_source = make_source
        self._inner = make_source()
        super().__init__(self._inner.name)
        self.live = self._inner.live
        self.unit = self._inner.unit
        self.keeps_files = self._inner.keeps_files
        self.gaps = self._inner.gaps
        self.skipped = self._inner.skipped
        self._playback = playback
        self._passes_left = 0 if self.live else playback.loop
        self._given = 0  # of this pass
        self._offset_s = 0.0  # time that earlier passes took
        self._last_s = 0.0
        self._begin_s: Optional[float] = None
        self._due_s = 0.0
        self._live_began_s: Optional[float] = None  # the time of the first frame of a live source
        self._stop_timer: Optional[threading.Timer] = None
        self._interrupted = threading.Event()

    @property
    def frame_count(self) -> Optional[int]:
        """See `Source.frame_count`."""
        count, options = self._inner.frame_count, self._playback
        if count is None or self.live or options.loop < 0:
            return None
        rate = self._inner.frame_rate
        if rate:
            last = min(count, _frames_before(options.stop_s, rate)) if options.stop_s else count
            count = max(0, last - _frames_before(options.start_s, rate))
        return math.ceil(count / options.stride) * (options.loop + 1)

    @property
    def frame_rate(self) -> Optional[float]:
        """See `Source.frame_rate`."""
        rate = self._inner.frame_rate
        return rate / self._playback.stride if rate else None

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Source.size_px`."""
        return self._inner.size_px

    @property
    def due_s(self) -> float:
        """See `Source.due_s`: one `read` may leave out many frames, and wait for its turn."""
        return max(self._due_s, self._inner.due_s)

    def share_counts(self, gaps: Gaps, skipped: List[Skipped]) -> None:
        """See `Source.share_counts`; a piece is counted in the first pass."""
        super().share_counts(gaps, skipped)
        self._inner.share_counts(gaps, skipped)

    def read(self) -> Optional[Frame]:
        """See `Source.read`; SourceError where nothing lies between `start_s` and `stop_s`."""
        while not self._interrupted.is_set():
            self._keep_pace()
            frame = self._next()
            if frame is not None:
                return frame
            if not self._passes_left or not self._given:
                self._check_end()
                return None
            self._begin_again()
        return None

    def _check_end(self) -> None:
        """Raise SourceError where a part of a video was asked for that is not in it."""
        options = self._playback
        if self._index or self.live or self._interrupted.is_set() or not self.frame_rate:
            return
        if options.start_s or options.stop_s:
            to = f" to playback.stop_s {options.stop_s:g}" if options.stop_s else ""
            raise SourceError(
                f"{self.name}: there is no frame from playback.start_s {options.start_s:g}{to} s"
            )

    def interrupt(self) -> None:
        """See `Source.interrupt`."""
        self._interrupted.set()
        self._inner.interrupt()

    def close(self) -> None:
        """See `Source.close`."""
        if self._stop_timer is not None:
            self._stop_timer.cancel()
        self._inner.close()

    def _next(self) -> Optional[Frame]:
        """The next frame of this pass."""
        options = self._playback
        left_out = 0
        while self._leaves_out(left_out):
            if not self._inner.skip():
                return None
            self._due_s = time.perf_counter()
            left_out += 1
        frame = self._first() if self.live and self._live_began_s is None else self._inner.read()
        began_s = self._live_began_s or 0.0
        if frame is None or (options.stop_s and frame.time_s - began_s >= options.stop_s):
            return None
        self._given += 1
        self._last_s = self._offset_s + frame.time_s
        frame = replace(frame, index=self._index, time_s=self._last_s)
        self._index += 1
        return frame

    def _leaves_out(self, left_out: int) -> bool:
        """Whether the next frame is not wanted, where so many before it were left out."""
        if self._given:
            return left_out < self._playback.stride - 1
        next_s = self._inner.next_s if self._playback.start_s and not self.live else None
        return next_s is not None and next_s < self._playback.start_s - _ROUNDING_S

    def _first(self) -> Optional[Frame]:
        """The first frame that is wanted of a live source, whose time begins with its first frame."""
        options = self._playback
        frame = self._inner.read()
        if frame is None:
            return None
        self._live_began_s = frame.time_s
        if options.stop_s:  # by the clock: a stream that is gone then gives no frame that could tell
            left_s = frame.captured_s + options.stop_s - time.perf_counter()
            self._stop_timer = threading.Timer(max(0.0, left_s), self.interrupt)
            self._stop_timer.daemon = True
            self._stop_timer.start()
        while frame is not None and frame.time_s - self._live_began_s < options.start_s:
            self._due_s = time.perf_counter()
            frame = self._inner.read()
        return frame

    def _keep_pace(self) -> None:
        """Wait until the next frame is due, if it is to come as fast as it was recorded."""
        rate = self.frame_rate
        if self._playback.speed != "source" or self.live or not rate:
            return
        now_s = time.perf_counter()
        if self._begin_s is None:
            self._begin_s = now_s
        self._due_s = self._begin_s + self._index / rate
        self._interrupted.wait(max(0.0, self._due_s - now_s))

    def _begin_again(self) -> None:
        """The next pass."""
        self._passes_left -= 1
        rate = self.frame_rate
        self._offset_s = self._last_s + (1.0 / rate if rate else 0.0) - self._playback.start_s
        self._given = 0
        self._inner.close()
        self._inner = self._make_source()
        self._inner.share_counts(self.gaps, self._inner.skipped)


def _frames_before(time_s: float, rate: float) -> int:
    """How many frames come before a time; one that is due at that very time does not."""
    return math.ceil((time_s - _ROUNDING_S) * rate)
