"""Pictures in a folder and its subfolders, by wildcard, or a single one."""

from __future__ import annotations

import glob
import logging
import os
import time
from pathlib import Path
from typing import List, Optional, Sequence

import cv2
import numpy as np

from splitdet.data.parallel import ordered_map
from splitdet.errors import NoFileError, SourceError
from splitdet.sources.base import Skipped, Source
from splitdet.types import Frame

SUFFIXES = (".jpeg", ".jpg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm")
"""Of pictures that every OpenCV reads and writes, in small letters."""
_OTHER_SUFFIXES = (
    *(".arw", ".avif", ".cr2", ".dng", ".exr", ".hdr", ".heic", ".heif", ".j2k", ".jp2", ".jxl"),
    *(".nef", ".pbm", ".pgm", ".pnm", ".psd", ".svg", ".tga"),
)
log = logging.getLogger(__name__)


def is_image(path: str) -> bool:
    """Whether the name is that of a picture."""
    return path.lower().endswith(SUFFIXES)


def is_other_image(path: str) -> bool:
    """Whether the name is that of a picture in a format that is not read; a GIF is a video."""
    return path.lower().endswith(_OTHER_SUFFIXES)


def has_wildcard(path: str) -> bool:
    """Whether `path` is a pattern and not the name of a file that is there."""
    return glob.has_magic(path) and not os.path.exists(path)


class ImageSource(Source):
    """Pictures, sorted by path. One that cannot be read is skipped and counted.

    Args:
        spec: folder, wildcard (`**` for subfolders) or file.
        paths: the pictures, where they have been found already; `spec` then is only a name.
        first: index of the first frame.
        readers: threads that read and decode, a few pictures ahead.

    Raises:
        SourceError: nothing there.
    """

    unit = "images"
    keeps_files = True

    def __init__(
        self, spec: str, paths: Optional[Sequence[str]] = None, first: int = 0, readers: int = 1
    ) -> None:
        super().__init__(spec)
        self.paths = find_pictures(spec) if paths is None else paths
        alone = readers == 1
        self._pictures = zip(
            self.paths,
            map(read_picture, self.paths) if alone else ordered_map(read_picture, self.paths, readers),
        )
        self._index = first

    @property
    def frame_count(self) -> Optional[int]:
        """See `Source.frame_count`."""
        return len(self.paths)

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        begin_s = time.perf_counter()
        for path, image in self._pictures:
            if image is not None:
                return self._frame(image, path, 0.0, begin_s)
            self.skipped.append(Skipped(path, "not a readable picture"))
            log.warning("%s: not a readable picture; skipped", path)
            begin_s = time.perf_counter()
        return None


def read_picture(path: str) -> Optional[np.ndarray]:
    """A file as uint8 (H, W, 3), BGR; None where it is not a picture, or is cut off."""
    try:
        data = _read(path)  # cv2.imread fails on some names on Windows
    except OSError:
        return None
    if not data or _is_cut_off(data):
        return None
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None


def _read(path: str) -> bytes:
    """The content of a file, by few calls: each gives the interpreter away, and waits to get it back.
    With `open` there are twice as many, which sixteen readers feel.
    """
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        left = os.fstat(file).st_size
        data = b""
        while left:  # a file system may give less than it was asked for
            more = os.read(file, left)
            if not more:
                break
            data += more
            left -= len(more)
        return data
    finally:
        os.close(file)


def _is_cut_off(data: bytes) -> bool:
    """A JPEG without its end marker, which OpenCV would fill up with grey without a word.

    Thumbnails have an end marker too: they lie in the segments in front of the scan, whose lengths
    are given, so these are stepped over (ITU T.81, annex B).
    """
    if data[:2] != b"\xff\xd8":
        return False
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        if data[position + 1] == 0xFF:  # any number of these may stand before a marker
            position += 1
            continue
        is_scan = data[position + 1] == 0xDA
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if is_scan:
            # from the end, where it is: a search holds the interpreter, for which other readers wait
            return data.rfind(b"\xff\xd9", position) < 0
    return True


def find_pictures(spec: str) -> List[str]:
    """Paths of pictures, sorted. Pictures in formats that are not read are counted in a warning.

    Args:
        spec: see `ImageSource`.

    Raises:
        SourceError: nothing there.
    """
    if os.path.isdir(spec):
        names = [str(path) for path in Path(spec).rglob("*")]
        problem = "{}: no pictures in this folder ({})".format(spec, " ".join(SUFFIXES))
    elif has_wildcard(spec):
        names = glob.glob(spec, recursive=True)
        problem = "{}: this wildcard matches no pictures ({})".format(spec, " ".join(SUFFIXES))
    else:
        if not os.path.isfile(spec):
            raise NoFileError(f"{spec}: no such file or folder")
        return [spec]
    found = sorted(name for name in names if is_image(name) and os.path.isfile(name))
    if not found:
        raise SourceError(problem)
    others = [os.path.splitext(name)[1].lower() for name in names if is_other_image(name)]
    if others:
        kinds = " ".join(sorted(set(others)))
        log.warning("%s: left out, in formats that are not read: %d (%s)", spec, len(others), kinds)
    return found
