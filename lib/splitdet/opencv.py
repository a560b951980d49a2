"""OpenCV's own threads."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Iterator

import cv2

_lock = threading.Lock()
_uses = 0
_before = 0


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Let OpenCV work on the thread that calls it; in all of the process, while anybody wants that.

    Where stages work side by side, its pool of threads makes nothing faster, and its threads spin while
    they wait for the next call, which takes cores from the others.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _uses, _before
    with _lock:
        if not _uses:
            _before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _uses += 1


def _leave() -> None:
    global _uses
    with _lock:
        _uses -= 1
        if not _uses:
            cv2.setNumThreads(_before)
