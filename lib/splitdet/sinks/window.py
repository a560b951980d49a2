"""A window on the screen."""

from __future__ import annotations

import os
import re
import sys
import time

import cv2
import numpy as np

QUIT_KEYS = (ord("q"), 27)


def why_no_window() -> str:
    """Why there can be no window on this machine; empty where there can."""
    if re.search(r"GUI:\s+NONE", cv2.getBuildInformation()):
        return "this OpenCV is headless: pip install opencv-python in its place"
    on_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if sys.platform.startswith("linux") and not on_screen:
        return "there is no screen (DISPLAY is not set)"
    return ""


class Window:
    """Shows pictures, at most so many a second; belongs to the main thread.

    Args:
        most_fps: pictures per second by the clock; 0 for no limit.
    """

    def __init__(self, title: str, most_fps: float) -> None:
        self._title = title
        self._period_s = 1.0 / most_fps if most_fps > 0 else 0.0
        self._due_s = 0.0
        self._is_sized = False
        cv2.namedWindow(title, cv2.WINDOW_NORMAL)

    def is_due(self) -> bool:
        """Whether the next picture may be shown; asked from the thread that draws."""
        now_s = time.perf_counter()
        if now_s < self._due_s:
            return False
        # keep the beat; after a pause begin a new one
        self._due_s = max(self._due_s, now_s - self._period_s) + self._period_s
        return True

    def show(self, picture: np.ndarray) -> None:
        """Put `picture` on the screen; the first one gives the window its size."""
        if not self._is_sized:
            cv2.resizeWindow(self._title, picture.shape[1], picture.shape[0])
            self._is_sized = True
        cv2.imshow(self._title, picture)

    def wants_to_quit(self) -> bool:
        """Whether q or Esc was pressed, or the window closed; handles the window's events."""
        if cv2.waitKey(1) & 0xFF in QUIT_KEYS:
            return True
        return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1

    def close(self) -> None:
        """Close the window."""
        cv2.destroyWindow(self._title)
