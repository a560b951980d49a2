"""Live streams: they break off, and are looked for until they are back."""

from __future__ import annotations

import logging
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
IDLE_S = 0.5  # after such a time without a read, what has piled up is old
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

    live = True

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
        self._is_away = False
        self._reason = ""  # why it is not there; empty while it is
        self._first_reason = ""
        self._seen_s = time.perf_counter()  # the last frame, or the beginning
        self._touched_s = self._seen_s  # from then on frames have been piling up
        if not patient:
            try:
                self._open()
            except SourceError as error:
                self.close()
                raise SourceError(f"{name}: cannot be opened: {error}") from None

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
    def is_away(self) -> bool:
        """See `Source.is_away`; until the `read` after the one that found it again."""
        return self._is_away

    def read(self) -> Optional[Frame]:
        """See `Source.read`. Between two frames it may reconnect."""
        begin_s = time.perf_counter()
        self._is_away = self._capture is None or bool(self._reason)
        while not self._interrupted.is_set():
            try:
                if self._capture is None:
                    self._wait()
                    self._open()
                frame = self._read(begin_s)
            except SourceError as error:
                self._lose(str(error))
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
        """See `Source.close`."""
        if self._capture is not None:
            self._capture.close()

    def _open(self) -> None:
        capture = self._make_capture()
        self._capture = capture
        self._touched_s = time.perf_counter()
        capture.open()
        self._report(capture)

    def _read(self, begin_s: float) -> Optional[Frame]:
        assert self._capture is not None
        idle_s = time.perf_counter() - self._touched_s
        if idle_s > IDLE_S:
            self._capture.skip_old(idle_s)
        image = self._capture.read()
        if image is None:
            return None
        frame = self._frame(image, self.name, None, begin_s)
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

    def _lose(self, reason: str) -> None:
        """It is gone, or is not back yet.

        Raises:
            SourceError: for too long.
        """
        if self._capture is not None:
            self._capture.close()
            self._capture = None
        if self._interrupted.is_set():
            return
        gone_s = time.perf_counter() - self._seen_s
        if self._reconnect.give_up_s and gone_s >= self._reconnect.give_up_s:
            raise SourceError(f"{self.name}: gone for {gone_s:.1f} s ({reason})")
        if not self._reason:
            count = f"gone after {self._index} frames" if self._index else "not there yet"
            log.warning("%s: %s (%s); looking for it", self.name, count, reason)
            self._first_reason = reason
        elif reason != self._reason:
            log.warning("%s: still gone after %.1f s (%s)", self.name, gone_s, reason)
        self._is_away = True
        self._reason = reason

    def _return(self, captured_s: float) -> None:
        """It is back, or there for the first time, which ends no gap."""
        gone_s = captured_s - self._seen_s
        if self._index > 1:
            rate = self.frame_rate
            frames = max(0, round(gone_s * rate) - 1) if rate else 0
            self.gaps.add(Gap(self.name, self._first_reason, gone_s, frames))
            log.warning("%s: back after %.1f s, about %d frames missed", self.name, gone_s, frames)
        else:
            log.warning("%s: there after %.1f s", self.name, gone_s)
        self._reason = ""
        self._pause_s = 0.0
