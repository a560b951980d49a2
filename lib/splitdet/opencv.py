"""OpenCV's own threads."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import cv2


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Let OpenCV work on the thread that calls it.

    Where stages work side by side, its pool of threads makes nothing faster, and its threads spin while
    they wait for the next call, which takes cores from the others.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
