"""Several inputs as one source."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import replace
from typing import Deque, List, Optional, Sequence, Tuple

from splitdet.errors import SourceError
from splitdet.sources.base import Skipped, Source
from splitdet.types import Frame

CLOSE_TIMEOUT_S = 1.0  # less than a pipeline gives its source, which is not stuck when an input is
log = logging.getLogger(__name__)


class _Feed:
    """One input and the thread that reads it."""

    def __init__(self, source: Source, stream: int, changed: threading.Condition) -> None:
        self.source = source
        self.waiting: Deque[Frame] = deque()
        self.error: Optional[BaseException] = None
        self.ended = False
        self._stream = stream
        self._changed = changed
        self._stopping = False
        self.thread = threading.Thread(target=self._run, name=f"input {stream}", daemon=True)

    def stop(self) -> None:
        """Let the thread end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self.source.interrupt()

    def _run(self) -> None:
        try:
            frame = self.source.read()
            while frame is not None and self._put(frame):
                frame = self.source.read()
            self._end(None)
        except BaseException as error:  # whatever it is, whoever reads must hear of it
            self._end(error)

    def _end(self, error: Optional[BaseException]) -> None:
        """Give it back, and tell whoever reads."""
        try:
            self.source.close()
        except BaseException as failure:
            error = error or failure
        with self._changed:  # whoever reads takes the error away, so both need the lock
            self.error = error
            self.ended = True
            self._changed.notify_all()

    def _put(self, frame: Frame) -> bool:
        """Hand a frame over once the one before it has been taken; whether more are wanted."""
        with self._changed:
            while self.waiting and not self._stopping:
                self._changed.wait()
            self.waiting.append(replace(frame, stream=self._stream))
            self._changed.notify_all()
            return not self._stopping


class SeveralSource(Source):
    """Reads several inputs side by side, and gives their frames in turn.

    Each input keeps its order. One that fails is told of and counted as skipped; the others go on.

    Args:
        sources: all live, or none of them.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__(", ".join(source.name for source in sources))
        self.live = all(source.live for source in sources)
        units = {source.unit for source in sources}
        self.unit = units.pop() if len(units) == 1 else Source.unit
        self._changed = threading.Condition()
        self._interrupted = False
        for source in sources:
            source.share_counts(self.gaps, self.skipped)
        self._feeds = [_Feed(source, stream, self._changed) for stream, source in enumerate(sources)]
        self._turn = 0
        self._is_started = False

    @property
    def parts(self) -> Sequence[Source]:
        """See `Source.parts`."""
        return [feed.source for feed in self._feeds]

    @property
    def frame_count(self) -> Optional[int]:
        """See `Source.frame_count`."""
        counts = [source.frame_count for source in self.parts]
        return None if None in counts else sum(count or 0 for count in counts)

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Source.size_px`."""
        sizes = {source.size_px for source in self.parts}
        return sizes.pop() if len(sizes) == 1 else None

    @property
    def due_s(self) -> float:
        """See `Source.due_s`: of the first that is due, of those that have not ended."""
        return min((feed.source.due_s for feed in self._feeds if not feed.ended), default=0.0)

    def read(self) -> Optional[Frame]:
        """See `Source.read`. Inputs that have a frame come one after the other.

        Raises:
            SourceError: none of them gave a single frame.
        """
        if not self._is_started:
            self._is_started = True
            for feed in self._feeds:
                feed.thread.start()
        with self._changed:
            while not self._interrupted:
                self._note_errors()
                for step in range(len(self._feeds)):
                    place = (self._turn + step) % len(self._feeds)
                    feed = self._feeds[place]
                    if feed.waiting:
                        self._turn = place + 1
                        self._index += 1
                        self._changed.notify_all()
                        return feed.waiting.popleft()
                if all(feed.ended for feed in self._feeds):
                    self._check_end()
                    return None
                self._changed.wait()
        return None

    def interrupt(self) -> None:
        """See `Source.interrupt`."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()
        for feed in self._feeds:
            feed.stop()

    def close(self) -> None:
        """See `Source.close`. An input whose library does not return is left behind."""
        self.interrupt()
        deadline_s = time.perf_counter() + CLOSE_TIMEOUT_S
        for feed in self._feeds:
            if not self._is_started:
                feed.source.close()
            elif feed.thread.is_alive():
                feed.thread.join(max(0.0, deadline_s - time.perf_counter()))

    def _note_errors(self) -> None:
        """One input that is gone for good does not end the others; a fault in our own code does."""
        for feed in self._feeds:
            error, feed.error = feed.error, None
            if isinstance(error, SourceError):
                log.warning("%s; going on without it", error)
                self.skipped.append(Skipped(feed.source.name, str(error)))
            elif error is not None:
                raise error

    def _check_end(self) -> None:
        """The end is an error where there was nothing but errors."""
        if self.skipped and not self._index:
            reasons: List[str] = [piece.reason for piece in self.skipped]
            raise SourceError("; ".join(reasons))
