"""A window on the screen."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager, suppress
from typing import Iterator, Optional

import cv2
import numpy as np

from splitdet.errors import SinkError
from splitdet.sinks.base import Viewer
from splitdet.sinks.beat import Beat
from splitdet.types import Detections, Frame

QUIT_KEYS = (ord("q"), 27)


def why_no_window() -> str:
    """Why there can be no window on this machine; empty where there can."""
    if re.search(r"GUI:\s+NONE", cv2.getBuildInformation()):
        return "this OpenCV is headless: pip install opencv-python in its place"
    on_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if sys.platform.startswith("linux") and not on_screen:
        return "there is no screen (DISPLAY is not set)"
    return ""


@contextmanager
def _as_sink_error() -> Iterator[None]:
    """An error of the screen in one line."""
    try:
        yield
    except cv2.error as error:
        reason = " ".join(str(error).split())[:200]
        raise SinkError(f"the window failed ({reason}); --no-display does without") from None


class Window(Viewer):
    """Shows pictures, at most so many a second; made in the main thread.

    Args:
        most_fps: pictures per second by the clock; 0 for no limit.
    """

    def __init__(self, title: str, most_fps: float) -> None:
        self._title = title
        self._beat = Beat(most_fps)
        self._is_sized = False
        self._next: Optional[np.ndarray] = None
        with _as_sink_error():
            cv2.namedWindow(title, cv2.WINDOW_NORMAL)

    def wants_picture(self) -> bool:
        """See `Sink.wants_picture`: whether the next picture is due."""
        return self._beat.is_due()

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        if picture is not None:
            self._next = picture

    def refresh(self) -> bool:
        """See `Viewer.refresh`. The first picture gives the window its size."""
        picture, self._next = self._next, None
        if picture is None:
            return False
        with _as_sink_error():
            if not self._is_sized:
                cv2.resizeWindow(self._title, picture.shape[1], picture.shape[0])
                self._is_sized = True
            cv2.imshow(self._title, picture)
        return True

    def wants_to_quit(self) -> bool:
        """See `Viewer.wants_to_quit`: q, Esc, or the window was closed. Handles its events."""
        with _as_sink_error():
            if cv2.waitKey(1) & 0xFF in QUIT_KEYS:
                return True
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1

    def close(self) -> None:
        """See `Sink.close`."""
        with suppress(cv2.error):
            cv2.destroyWindow(self._title)
