"""OpenCV's own threads."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import cv2


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Let OpenCV work on the thread that calls it.

    Where stages work side by side, its pool of threads is no faster, and while it waits for the next
    call it keeps every core busy: a window took five times the CPU time with 16 threads.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
