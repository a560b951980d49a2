"""A window on the screen."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections import deque
from contextlib import contextmanager, suppress
from typing import Callable, Deque, Iterator, NamedTuple, Optional, Sequence

import cv2
import numpy as np

from splitdet.errors import SinkError, one_line
from splitdet.sinks.base import Viewer
from splitdet.sinks.beat import Beat
from splitdet.sinks.files import frame_name, free_path, write_picture
from splitdet.sinks.keys import Key, Look, View, key_of
from splitdet.types import Detections, Frame
from splitdet.visualize.painter import fps_notes

SCREENSHOT_FOLDER = "screenshots"
FIRST_SIZE_PX = 1280
"""The longer side of a new window at most; people make it as large as they like."""
PAUSE_MS = 50
"""How long a paused window waits for a key before others get their turn, milliseconds."""
log = logging.getLogger(__name__)

Paint = Callable[[np.ndarray, Detections, Sequence[str]], np.ndarray]
"""See `Painter.paint`."""


def why_no_window() -> str:
    """Why there can be no window on this machine; empty where there can."""
    if not has_screen():
        return "there is no screen (DISPLAY is not set)"
    if re.search(r"GUI:\s+NONE", cv2.getBuildInformation()):
        return "this OpenCV is headless: pip install opencv-python in its place"
    return ""


def has_screen() -> bool:
    """Whether this process has a screen to open a window on."""
    on_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return on_screen or not sys.platform.startswith("linux")


@contextmanager
def _as_sink_error() -> Iterator[None]:
    """An error of the screen in one line."""
    try:
        yield
    except cv2.error as error:
        raise SinkError(f"the window failed ({one_line(error)}); --no-display does without") from None


class _Shown(NamedTuple):
    """A result, and the picture of it."""

    frame: Frame
    found: Detections
    picture: np.ndarray
    look: Look
    """With which it was drawn."""


class Window(Viewer):
    """Shows results, at most so many a second; made in the main thread.

    It needs nothing of a run but what it is given, so it works in any process.

    Keys: q or Esc ends the run, space pauses, s saves the picture, f fills the screen, t switches
    the text in the corner, + and - move the threshold.

    Args:
        paint: draws a result into a copy of its frame.
        most_fps: pictures per second by the clock; 0 for no limit.
        text: begin with the rate in the corner. A picture that `write` is given has been drawn so.
        fps: the rate now.
        move_threshold: moves the score threshold of the run by so many steps; its new value.
    """

    def __init__(
        self,
        title: str,
        paint: Paint,
        most_fps: float,
        text: bool,
        fps: Callable[[], float],
        move_threshold: Callable[[int], float],
    ) -> None:
        self._title = title
        self._paint = paint
        self._beat = Beat(most_fps)
        self._fps = fps
        self._move_threshold = move_threshold
        self._view = View(text)
        self._usual = Look(text)
        self._is_due = False
        self._waiting: Deque[_Shown] = deque(maxlen=1)  # from the output thread to the main thread
        self._shown: Optional[_Shown] = None
        self._quits = False
        with _as_sink_error():
            # without Qt's own tools, which have keys of their own
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_GUI_NORMAL)

    def wants_picture(self) -> bool:
        """See `Sink.wants_picture`: whether the next result is due, and to be drawn as usual."""
        self._is_due = not self.is_paused() and self._beat.is_due()
        return self._is_due and self._view.look() == self._usual

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`. A result that is due comes without a picture where keys changed its look."""
        if not self._is_due or self._waiting:
            self.not_shown += 1
        if picture is not None:
            self._waiting.append(_Shown(frame, found, picture, self._usual))
        elif self._is_due:
            self._waiting.append(self._drawn(frame, found, self._view.look()))

    def _drawn(self, frame: Frame, found: Detections, look: Look) -> _Shown:
        notes = [*fps_notes(self._fps(), look.text), *look.notes]
        visible = found.top(look.least_score, len(found))
        return _Shown(frame, found, self._paint(frame.image, visible, notes), look)

    @property
    def has_news(self) -> bool:
        """See `Viewer.has_news`."""
        return bool(self._waiting) and not self.is_paused()

    def refresh(self) -> int:
        """See `Viewer.refresh`. What is shown already is drawn again where keys changed its look."""
        before, shown = self._shown, 0
        with suppress(IndexError):
            if not self.is_paused():
                self._shown, shown = self._waiting.pop(), 1
        if self._shown is None:
            return 0
        look = self._view.look()
        if self._shown.look != look:
            self._shown = self._drawn(self._shown.frame, self._shown.found, look)
        if self._shown is not before:
            with _as_sink_error():
                if before is None:
                    cv2.resizeWindow(self._title, *_first_size(self._shown.picture))
                cv2.imshow(self._title, self._shown.picture)
        return shown

    def is_paused(self) -> bool:
        """See `Viewer.is_paused`: before there is a picture there is nothing that could stand still."""
        return self._view.paused and self._shown is not None

    def wants_to_quit(self) -> bool:
        """See `Viewer.wants_to_quit`: q, Esc, or the window was closed. Handles its events."""
        with _as_sink_error():
            code = cv2.waitKey(PAUSE_MS if self.is_paused() else 1)
        if not self._is_open():
            return True
        with _as_sink_error():
            self._press(key_of(code))
        return self._quits

    def _is_open(self) -> bool:
        try:
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # Qt forgets all about windows when the last one is closed
            return False

    def _press(self, key: Key) -> None:
        self._view.press(key)
        if key is Key.QUIT:
            self._quits = True
        elif key is Key.SCREENSHOT:
            self._save()
        elif key is Key.FULL_SCREEN:
            mode = cv2.WINDOW_FULLSCREEN if self._view.full_screen else cv2.WINDOW_NORMAL
            cv2.setWindowProperty(self._title, cv2.WND_PROP_FULLSCREEN, mode)
        elif key in (Key.RAISE, Key.LOWER):
            self._view.move_threshold(self._move_threshold(1 if key is Key.RAISE else -1))

    def _save(self) -> None:
        """Write what is shown, without passing messages. That a disk is full ends no run."""
        if self._shown is None:
            return
        frame, found, _, look = self._shown
        path = free_path(os.path.join(SCREENSHOT_FOLDER, frame_name(frame.source, frame.index) + ".png"))
        try:
            write_picture(path, self._drawn(frame, found, look._replace(notes=())).picture)
        except SinkError as error:
            log.warning("%s", error)
            self._view.say("not saved")
        else:
            log.info("written     %s", path)
            self._view.say(f"saved {os.path.basename(path)}")

    def close(self) -> None:
        """See `Sink.close`."""
        with suppress(cv2.error):
            cv2.destroyWindow(self._title)


def _first_size(picture: np.ndarray) -> Sequence[int]:
    """Width and height of a new window."""
    height, width = picture.shape[:2]
    scale = min(1.0, FIRST_SIZE_PX / max(height, width))
    return round(width * scale), round(height * scale)
