"""OpenCV's own threads, and the names that it takes."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Iterator, Type

import cv2

from splitdet.errors import SplitdetError

_lock = threading.Lock()
_uses = 0
_before = 0


def check_name(name: str, kind: Type[SplitdetError]) -> None:
    """Raise an error of `kind` where OpenCV, some versions of which crash then, is not to see `name`."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise kind(f"{name}: OpenCV takes no name that is not UTF-8; give it another") from None


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
