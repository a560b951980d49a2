"""The keys of a window, and what they change."""

from __future__ import annotations

import time
from enum import Enum
from typing import Dict, NamedTuple, Tuple

NOTICE_S = 2.0
"""How long a message stays in the picture, seconds."""


class Key(Enum):
    """What a key does."""

    NONE = "nothing"
    QUIT = "end the run"
    PAUSE = "stop and go on"
    SCREENSHOT = "save the picture"
    FULL_SCREEN = "fill the screen, and back"
    TEXT = "figures in the corner, on and off"
    RAISE = "raise the threshold"
    LOWER = "lower the threshold"


_KEYS: Dict[int, Key] = {
    27: Key.QUIT,  # Esc
    **dict.fromkeys(b"qQ", Key.QUIT),
    **dict.fromkeys(b" ", Key.PAUSE),
    **dict.fromkeys(b"sS", Key.SCREENSHOT),
    **dict.fromkeys(b"fF", Key.FULL_SCREEN),
    **dict.fromkeys(b"tT", Key.TEXT),
    **dict.fromkeys(b"+=\xab", Key.RAISE),  # without shift, and on the number block under GTK
    **dict.fromkeys(b"-_\xad", Key.LOWER),
}


def key_of(code: int) -> Key:
    """What the key with this code of `cv2.waitKey` does; -1 is no key."""
    return _KEYS.get(code & 0xFF, Key.NONE) if code >= 0 else Key.NONE


class Look(NamedTuple):
    """How results are to be drawn."""

    text: bool
    """With the rate in the corner."""
    notes: Tuple[str, ...] = ()
    """Lines below it."""
    least_score: float = 0.0
    """From which on detections are drawn, 0..1."""


class View:
    """How somebody looks at the results. Keys change it; it knows no window.

    Args:
        text: begin with the rate in the corner.
    """

    def __init__(self, text: bool) -> None:
        self.paused = False
        self.full_screen = False
        self._text = text
        self._threshold = 0.0
        self._notice = ""
        self._notice_ends_s = 0.0

    def press(self, key: Key) -> None:
        """Change what the key changes here; the others are for whoever owns the window."""
        if key is Key.PAUSE:
            self.paused = not self.paused
        elif key is Key.FULL_SCREEN:
            self.full_screen = not self.full_screen
        elif key is Key.TEXT:
            self._text = not self._text

    def move_threshold(self, score: float) -> None:
        """Say where it is now. It counts for frames to come; what stands still hides what is below."""
        self._threshold = score
        self.say(f"threshold {score:.2f}")

    def say(self, notice: str) -> None:
        """Put a message into the picture for `NOTICE_S`."""
        self._notice, self._notice_ends_s = notice, time.perf_counter() + NOTICE_S

    def look(self) -> Look:
        """How results are to be drawn now."""
        has_notice = self._notice and time.perf_counter() < self._notice_ends_s
        notes = [*(["paused"] if self.paused else []), *([self._notice] if has_notice else [])]
        return Look(self._text, tuple(notes), self._threshold if self.paused else 0.0)
