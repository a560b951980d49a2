"""A window in a process of its own."""

from __future__ import annotations

import logging
import threading
from queue import SimpleQueue
from typing import Callable, Optional, Tuple, Union

import numpy as np

from splitdet.errors import SinkError, SplitdetError
from splitdet.processes.ring import NoRoom, Ring, Slot
from splitdet.processes.show import Next, Opened, OpenWindow, Paused, Quit, Result, Seen, Steps, show
from splitdet.processes.worker import Worker
from splitdet.sinks.base import Viewer
from splitdet.sinks.beat import Beat
from splitdet.sinks.window import Window
from splitdet.threshold import LiveThreshold
from splitdet.types import Detections, Frame
from splitdet.visualize.painter import Painter

NAME = "the window's worker"
USUAL_SIZE_PX = (1080, 1920)
PAUSE_S = 0.05
WITHOUT = "%s; going on without a window (vis_worker_required: False)"
log = logging.getLogger(__name__)


class WindowWorker(Viewer):
    """Shows results by a `Window` in another process, which draws as well.

    A frame is copied into shared memory when it is due and the worker has time for it; all others
    are not shown, and cost nothing. So a screen of any slowness slows nothing here, what it shows is
    hardly older than it must be, and the memory that is shared is that of one picture.

    Args:
        title, painter, most_fps, text, fps: see `Window`.
        threshold: that of the run; keys move it.
        size_px: height and width of the frames; None where it is not known.
        required: the run ends where the worker dies, instead of going on without a window.
        open_window: opens the window, in the worker.

    Raises:
        NoRoom: there is not enough shared memory.
        SplitdetError: the worker could not open a window.
    """

    def __init__(
        self,
        title: str,
        painter: Painter,
        most_fps: float,
        text: bool,
        fps: Callable[[], float],
        threshold: LiveThreshold,
        size_px: Optional[Tuple[int, int]] = None,
        required: bool = False,
        open_window: OpenWindow = Window,
    ) -> None:
        self._fps = fps
        self._threshold = threshold
        self._required = required
        self._beat = Beat(most_fps)
        self._changed = threading.Condition()
        self._is_open = False
        self._under_way = False
        self._steps_taken = 0
        self._newly_shown = 0
        self._paused = False
        self._quits = False
        self._error: Optional[SplitdetError] = None
        self._ring = Ring(slots=1)
        height, width = size_px or USUAL_SIZE_PX
        self._ring.reserve(height * width * 3)
        self._worker = Worker(
            *(NAME, show, self._ring, open_window, title, painter, text, threshold.score),
            hear=self._hear,
            lost=self._lose,
        )
        # a pipe takes masks only as fast as somebody reads, who may be waiting for the screen
        self._outbox: SimpleQueue[Optional[Result]] = SimpleQueue()
        self._sender = threading.Thread(target=self._send, name=f"{NAME} sender", daemon=True)
        self._sender.start()
        try:
            self._wait_until_open()
        except BaseException:
            self.close()
            raise

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        with self._changed:
            has_time = not (self._under_way or self._paused or self._error or self._quits)
            if not has_time or not self._beat.is_due():
                self.not_shown += 1
                return
            self._under_way = True
            steps_taken = self._steps_taken
        slot = self._put(frame.image)
        if slot is not None:
            facts = (frame.index, frame.source, frame.time_s, frame.captured_s)
            threshold = self._threshold.score
            self._outbox.put(Result(slot, *facts, found, self._fps(), threshold, steps_taken))

    def refresh(self) -> int:
        """See `Viewer.refresh`."""
        with self._changed:
            shown, self._newly_shown = self._newly_shown, 0
            return shown

    def is_paused(self) -> bool:
        """See `Viewer.is_paused`."""
        return self._paused

    def wants_to_quit(self) -> bool:
        """See `Viewer.wants_to_quit`.

        Raises:
            SplitdetError: the worker has died, and is required.
        """
        with self._changed:
            if self._paused and not self._quits and not self._error:
                self._changed.wait(PAUSE_S)
            if self._error and self._required:
                raise self._error
            return self._quits

    def close(self) -> None:
        """See `Sink.close`. The window is gone then."""
        self._outbox.put(None)
        self._worker.close()
        self._sender.join()

    def _wait_until_open(self) -> None:
        with self._changed:
            while not self._is_open:
                if self._error:
                    raise self._error
                self._changed.wait()

    def _put(self, image: np.ndarray) -> Optional[Slot]:
        try:
            return self._ring.put(image)
        except NoRoom as error:
            self._lose(SinkError(f"{NAME}: {error}"))
            return None

    def _send(self) -> None:
        """The sender's thread."""
        while True:
            result = self._outbox.get()
            if result is None:
                return
            self._worker.send(result)

    def _hear(self, message: Union[Opened, Next, Seen, Steps, Paused, Quit]) -> None:
        if isinstance(message, Steps):
            self._threshold.step(message.up)
        if isinstance(message, Next):
            self._ring.give_back(message.slot)
        with self._changed:
            if isinstance(message, Next):
                self._under_way = False
            elif isinstance(message, Seen):
                self._newly_shown += message.was_shown
                self.not_shown += not message.was_shown
            elif isinstance(message, Opened):
                self._is_open = True
            elif isinstance(message, Steps):
                self._steps_taken += 1
            elif isinstance(message, Paused):
                self._paused = message.value
            else:
                self._quits = True
            self._changed.notify_all()

    def _lose(self, error: SplitdetError) -> None:
        with self._changed:
            if self._quits or self._error:
                return
            self._error = error
            self._paused = False
            self._changed.notify_all()
        if self._is_open and not self._required:
            log.warning(WITHOUT, error)
