"""What a window worker does: draws results, shows them, and tells what somebody presses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, NamedTuple, Sequence

import numpy as np

from splitdet.opencv import on_one_thread
from splitdet.processes.ring import Ring, Slot
from splitdet.processes.worker import Link
from splitdet.sinks.base import EVENTS_S, Viewer
from splitdet.threshold import LiveThreshold
from splitdet.types import Detections, Frame
from splitdet.visualize.painter import Painter

SLOW_S = 0.1
"""A screen that takes longer gets its next result when it is done, so that it shows a new one; a faster
one gets it before, so that it never waits."""

Paint = Callable[[np.ndarray, Detections, Sequence[str]], np.ndarray]
OpenWindow = Callable[[str, Paint, float, bool, Callable[[], float], Callable[[int], float]], Viewer]
"""`Window`, or what takes the same arguments."""


@dataclass(frozen=True)
class Result:
    """What is to be shown."""

    slot: Slot
    """The frame, uint8 (H, W, 3), BGR."""
    index: int
    source: str
    time_s: float
    captured_s: float
    """See `Frame`."""
    found: Detections
    fps: float
    """For the corner of the picture."""
    threshold: float
    """Of the run, when this was sent."""
    steps_taken: int
    """How many messages of `Steps` had come by then."""

    def frame(self, image: np.ndarray) -> Frame:
        """The frame, with its picture."""
        return Frame(image, self.index, self.source, self.time_s, self.captured_s)


class Opened(NamedTuple):
    """There is a window."""


class Next(NamedTuple):
    """The slot is free, and another result is welcome."""

    slot: Slot


class Seen(NamedTuple):
    """A result is done with."""

    was_shown: bool


class Steps(NamedTuple):
    """Somebody moves the threshold by so many steps."""

    up: int


class Paused(NamedTuple):
    """Somebody stops what is shown, or lets it go on."""

    value: bool


class Quit(NamedTuple):
    """Somebody has had enough, or has closed the window."""


class _Remote:
    """What a window needs of a run that goes on elsewhere."""

    def __init__(self, link: Link, threshold: float) -> None:
        self._link = link
        self._threshold = LiveThreshold(threshold)
        self._steps_sent = 0
        self.fps = 0.0

    def move_threshold(self, steps: int) -> float:
        """Ask for it, and say what it will be."""
        self._link.send(Steps(steps))
        self._steps_sent += 1
        return self._threshold.step(steps)

    def hear(self, result: Result) -> None:
        """Take over how things stand there."""
        self.fps = result.fps
        # it may not have heard yet what was asked for here
        if result.steps_taken == self._steps_sent:
            self._threshold.set(result.threshold)


@on_one_thread()
def show(
    link: Link,
    ring: Ring,
    open_window: OpenWindow,
    title: str,
    painter: Painter,
    text: bool,
    threshold: float,
) -> None:
    """Show results until somebody has had enough.

    Args:
        text, threshold: how the window, and the run, begin.

    Raises:
        SinkError: there can be no window, or it failed.
        ParentGone: the run has ended.
    """
    remote = _Remote(link, threshold)
    # who sends results knows when one is due
    window = open_window(title, painter.paint, 0.0, text, lambda: remote.fps, remote.move_threshold)
    link.send(Opened())
    paused = is_slow = False
    while True:
        result = link.receive(EVENTS_S)
        begin_s = time.perf_counter()
        if result is not None:
            if not window.is_paused():
                remote.hear(result)
            # a copy: the window draws it again when somebody presses a key later
            image = ring.view(result.slot).copy()
            if not is_slow:
                link.send(Next(result.slot))
            window.wants_picture()  # it draws for itself
            window.write(result.frame(image), result.found, None)
        was_shown = window.refresh() > 0
        quits = window.wants_to_quit()  # OpenCV draws in here
        if result is not None:
            if is_slow:
                link.send(Next(result.slot))
            is_slow = time.perf_counter() - begin_s > SLOW_S
            link.send(Seen(was_shown))
        if quits:
            link.send(Quit())
            return
        if paused != window.is_paused():
            paused = not paused
            link.send(Paused(paused))
