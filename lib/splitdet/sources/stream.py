"""Live streams: they break off, and are looked for until they are back."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Callable, Optional, Tuple

from splitdet.config.streams import Reconnect
from splitdet.errors import SourceError
from splitdet.sources.base import Source
from splitdet.sources.captures.base import Capture
from splitdet.sources.gaps import Gap
from splitdet.types import Frame

FIRST_PAUSE_S = 0.25  # between the first and the second attempt; it doubles from then on
STEADY_S = 1.0  # a stream that breaks off sooner than that is looked for with the pauses as they were
IDLE_S = 0.5  # after such a time without a read, what has piled up is old
MOST_TRIES = 3  # to get a file beyond one frame; it may be cut off where it lies
log = logging.getLogger(__name__)


class StreamSource(Source):
    """A camera, an address or a pipeline.

    Args:
        name: what to call it; no passwords.
        make_capture: makes what reads it, closed; called again for each attempt.
        asked_px: height and width that it was asked for, to compare with what it delivers.
        patient: open it with the first `read`, and do not mind if it is not there yet.

    Raises:
        SourceError: it cannot be opened, and the source is not patient.
    """

    live = True  # unless what reads it waits for its reader, as for a file behind an address

    def __init__(
        self,
        name: str,
        make_capture: Callable[[], Capture],
        asked_px: Optional[Tuple[int, int]],
        reconnect: Reconnect,
        patient: bool = False,
    ) -> None:
        super().__init__(name)
        self._make_capture = make_capture
        self._asked_px = asked_px
        self._reconnect = reconnect
        self._interrupted = threading.Event()
        self._capture: Optional[Capture] = None
        self._pause_s = 0.0
        self._is_reported = False
        self._due_s = 0.0
        self._reason = ""  # why it is not there; empty while it is
        self._first_reason = ""
        self._seen_s = time.perf_counter()  # the last frame, or the beginning
        self._first_s = self._seen_s  # the first frame since it was opened
        self._first_index = 0
        self._lost_rate: Optional[float] = None  # of the stream before it was gone
        self._touched_s = self._seen_s  # from then on frames have been piling up
        self._has_length = False  # as a file has
        self._tries = 0  # to go on with a file from frame `_resumed_index` on
        self._resumed_index = 0
        if not patient:
            try:
                self._open()
            except SourceError as error:
                self.close()
                raise SourceError(f"{name}: cannot be opened: {error}") from None
            self.live = self._capture is None or not self._capture.waits

    @property
    def frame_rate(self) -> Optional[float]:
        """See `Source.frame_rate`; None where the stream does not say."""
        return self._capture.frame_rate if self._capture is not None else None

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Source.size_px`."""
        return self._capture.size_px if self._capture is not None else None

    @property
    def reader(self) -> str:
        """Who reads it, for people."""
        return self._capture.reader if self._capture is not None else ""

    @property
    def due_s(self) -> float:
        """See `Source.due_s`: silence is noticed here; it is away until the `read` after its return."""
        return self._due_s

    def read(self) -> Optional[Frame]:
        """See `Source.read`. Between two frames it may reconnect."""
        begin_s = time.perf_counter()
        is_away = self._capture is None or bool(self._reason)
        self._due_s = math.inf if is_away else begin_s + self._reconnect.silence_s
        while not self._interrupted.is_set():
            try:
                if self._capture is None:
                    self._wait()
                    self._open()
                    continue  # unless it was interrupted meanwhile
                frame = self._read(begin_s)
            except SourceError as error:
                self._lose(str(error), begin_s)
                continue
            return frame
        return None

    def interrupt(self) -> None:
        """See `Source.interrupt`."""
        self._interrupted.set()
        capture = self._capture
        if capture is not None:
            capture.interrupt()

    def close(self) -> None:
        """See `Source.close`. It may be away: the gap then ends here."""
        if self._capture is not None:
            self._capture.close()
        if self._reason and self._index:
            self._add_gap(time.perf_counter())
            self._reason = ""

    def _open(self) -> None:
        capture = self._make_capture()
        self._capture = capture
        if self._interrupted.is_set():  # by one who did not see this capture yet
            capture.interrupt()
        self._touched_s = time.perf_counter()
        self._first_index = self._index
        capture.open()
        self._has_length = capture.has_length
        if self._has_length and self._index:
            self._resume(capture)
        if not self._interrupted.is_set():
            self._report(capture)

    def _resume(self, capture: Capture) -> None:
        """Let a file go on where it broke off."""
        self._tries = self._tries + 1 if self._index == self._resumed_index else 1
        self._resumed_index = self._index
        capture.skip(self._index)

    def _read(self, begin_s: float) -> Optional[Frame]:
        assert self._capture is not None
        idle_s = time.perf_counter() - self._touched_s
        if idle_s > IDLE_S:
            self._capture.skip_old(idle_s)
        image = self._capture.read()
        if image is None:
            return None
        rate = self.frame_rate if self._has_length else None
        frame = self._frame(image, self.name, self._index / rate if rate else None, begin_s)
        if frame.index == self._first_index:
            self._first_s = frame.captured_s
        if self._reason:
            self._return(frame.captured_s)
        self._seen_s = self._touched_s = frame.captured_s
        return frame

    def _report(self, capture: Capture) -> None:
        """Say once who reads what, and whether the camera does as it was asked to."""
        if self._is_reported:
            return
        self._is_reported = True
        size, rate = capture.size_px, capture.frame_rate
        delivered = f"{size[1]}x{size[0]}" if size else "frames"
        at_rate = f", {rate:g} a second" if rate else ""
        asked = self._asked_px
        if asked is None or size is None:
            log.info("%s: %s%s, read by %s", self.name, delivered, at_rate, capture.reader)
        else:
            level = logging.INFO if asked == size else logging.WARNING
            text = "%s: asked for %dx%d, delivers %s%s, read by %s"
            log.log(level, text, self.name, asked[1], asked[0], delivered, at_rate, capture.reader)

    def _wait(self) -> None:
        """The pause before the next attempt: none, then ever longer ones."""
        self._interrupted.wait(self._pause_s)
        self._pause_s = min(max(FIRST_PAUSE_S, 2 * self._pause_s), self._reconnect.pause_s)

    def _lose(self, reason: str, missed_s: float) -> None:
        """It is gone, or is not back yet.

        Args:
            missed_s: since when a frame has been waited for; before that it may have been there.

        Raises:
            SourceError: it has been gone for too long, or is a file that goes no further.
        """
        if self._tries >= MOST_TRIES and self._index == self._resumed_index:
            raise SourceError(f"{self.name}: breaks off after {self._index} frames each time ({reason})")
        if not self._reason:
            self._lost_rate = self._rate_so_far()
            if self._seen_s - self._first_s >= STEADY_S:
                self._pause_s = 0.0
        if self._capture is not None:
            self._capture.close()
            self._capture = None
        if self._interrupted.is_set():
            return
        gone_s = time.perf_counter() - missed_s
        is_first, is_news = not self._reason, reason != self._reason
        if is_first:
            self._first_reason = reason
        self._due_s = math.inf
        self._reason = reason
        if self._reconnect.give_up_s and gone_s >= self._reconnect.give_up_s:
            raise SourceError(f"{self.name}: gone for {gone_s:.1f} s ({reason})")
        if is_first:
            count = f"gone after {self._index} frames" if self._index else "not there yet"
            log.warning("%s: %s (%s); looking for it", self.name, count, reason)
        elif is_news:
            log.warning("%s: still gone after %.1f s (%s)", self.name, gone_s, reason)

    def _return(self, captured_s: float) -> None:
        """It is back, or there for the first time, which ends no gap."""
        if self._index > 1:
            gap = self._add_gap(captured_s)
            text = "%s: back after %.1f s, about %d frames missed"
            log.warning(text, self.name, gap.seconds, gap.frames)
        else:
            log.warning("%s: there after %.1f s", self.name, captured_s - self._seen_s)
        self._reason = ""

    def _add_gap(self, end_s: float) -> Gap:
        """Count the gap that ends then."""
        seconds = end_s - self._seen_s
        rate = self._lost_rate or self.frame_rate
        # a file waits for its reader
        frames = max(0, round(seconds * rate) - 1) if rate and not self._has_length else 0
        gap = Gap(self.name, self._first_reason, seconds, frames)
        self.gaps.add(gap)
        return gap

    def _rate_so_far(self) -> Optional[float]:
        """Frames per second as the stream says, or else as they came since it was opened."""
        frames, seconds = self._index - 1 - self._first_index, self._seen_s - self._first_s
        return self.frame_rate or (frames / seconds if frames > 0 and seconds > 0 else None)
