"""Files that results go to: their folders are made, and what fails is an error of the sink."""

from __future__ import annotations

import errno
import json
import os
import re
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Dict, Iterator, TextIO, cast

import cv2
import numpy as np

from splitdet.errors import SinkError, one_line

_PROBE_BYTES = 1 << 16


@contextmanager
def writing(path: str) -> Iterator[None]:
    """An error of the system in one line, with the place."""
    try:
        yield
    except OSError as error:
        raise SinkError(f"{path}: {error.strerror or one_line(error)}") from None


def make_folder(path: str) -> None:
    """Make the folder that `path` lies in."""
    folder = os.path.dirname(path) or "."
    with writing(folder):
        os.makedirs(folder, exist_ok=True)


def check_writable(path: str) -> None:
    """Raise SinkError where a file that is written at the end could not be; what is in it is kept."""
    make_folder(path)
    with writing(path), open(path, "ab"):
        pass


def write_json(path: str, content: Dict[str, Any]) -> None:
    """Write one JSON object; SinkError where that fails."""
    make_folder(path)
    with writing(path):
        Path(path).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def write_text(path: str, text: str) -> None:
    """Write `text` and the end of its last line; SinkError where that fails."""
    make_folder(path)
    with writing(path):
        Path(path).write_text(text + "\n", encoding="utf-8")


def write_picture(path: str, picture: np.ndarray) -> None:
    """Write uint8 (H, W, 3), BGR, in the format that the name says; SinkError where that fails."""
    make_folder(path)
    done, data = cv2.imencode(os.path.splitext(path)[1], picture)
    if not done:
        raise SinkError(f"{path}: cannot be encoded")
    with writing(path):
        Path(path).write_bytes(data.tobytes())  # cv2.imwrite fails on some names on Windows


def check_room(path: str) -> None:
    """Raise SinkError where the disk that `path` lies on is full: for writers that do not tell."""
    try:
        with TemporaryFile(dir=os.path.dirname(path) or ".", buffering=0) as probe:
            probe.write(bytes(_PROBE_BYTES))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # else it may still be a file to be written
            raise SinkError(f"{path}: {error.strerror}; its end is missing") from None


def frame_name(source: str, index: int) -> str:
    """A name for files of one frame: that of the file it came from, if any, and its number."""
    stem = Path(source).stem if os.path.isfile(source) else "frame"  # addresses may hold a password
    return f"{safe_name(stem)}_{index:06d}"


def free_path(path: str) -> str:
    """`path`, with a number added where that exists already."""
    stem, suffix = os.path.splitext(path)
    number = 0
    while os.path.exists(path):
        number += 1
        path = f"{stem}_{number}{suffix}"
    return path


def safe_name(text: str) -> str:
    """`text` with every character replaced that some file system does not take."""
    return re.sub(r"[^\w .()&+-]", "_", text).strip(" .") or "_"


@contextmanager
def _opened(path: str, mode: str) -> Iterator[TextIO]:
    """A file whose lines are on the disk as soon as they are written."""
    # names of files need not be UTF-8
    with open(path, mode, 1, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        yield cast(TextIO, file)


def _is_cut_off(path: str) -> bool:
    """Whether a text ends within a line, as when the power fails."""
    if not os.path.isfile(path):  # a pipe, say
        return False
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            return file.read() not in (b"", b"\n")
    except OSError:  # a file may be there to be written alone
        return False


class TextFile:
    """A text file that stays open from one frame to the next.

    Args:
        head: what it begins with.
        append: go on with a file that is there, on a new line; else it is emptied.

    Raises:
        SinkError: the file cannot be made.
    """

    def __init__(self, path: str, head: str = "", append: bool = False) -> None:
        make_folder(path)
        self.path = path
        with writing(path), ExitStack() as opening:
            self._file = opening.enter_context(_opened(path, "a" if append else "w"))
            self._file.write("\n" if append and _is_cut_off(path) else head)
            self._closing = opening.pop_all()

    def write(self, text: str) -> None:
        """Write `text`; SinkError where that fails."""
        with writing(self.path):
            self._file.write(text)

    def close(self) -> None:
        """Close the file; SinkError where what was still to be written cannot be."""
        with writing(self.path):
            self._closing.close()
