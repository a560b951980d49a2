"""Video files: every frame, in order."""

from __future__ import annotations

import logging
import os
import time
from typing import Optional, Tuple

import cv2

from splitdet.errors import NoFileError, SourceError
from splitdet.opencv import check_name
from splitdet.sources.base import Skipped, Source
from splitdet.types import Frame

FALLBACK_RATE = 25.0  # for containers that do not say
HIGHEST_RATE = 10000.0
log = logging.getLogger(__name__)


def check_file(path: str) -> None:
    """Raise SourceError unless there is such a file."""
    if not os.path.isfile(path):
        raise NoFileError(f"{path}: no such file or folder")


def shortfall(count: int, promised: int) -> str:
    """What a video of `count` frames lacks; empty where it is whole: containers often promise a frame
    or two too many."""
    short = promised - count > max(2, 0.01 * promised)
    return f"ends after {count} of {promised} frames" if short else ""


def check_end(source: Source, count: int, promised: int) -> None:
    """Note how many frames a video lacks at its end.

    Args:
        count: frames that there were.
        promised: frames that the container named; 0 for none.

    Raises:
        SourceError: there was not a single one.
    """
    if count == 0:
        raise SourceError(f"{source.name}: no frame in this video can be decoded")
    reason = shortfall(count, promised)
    if reason:
        source.skipped.append(Skipped(source.name, reason))
        log.warning("%s: %s; is the file damaged or cut off?", source.name, reason)


class VideoSource(Source):
    """A video file.

    Raises:
        SourceError: no such file, nothing in it that OpenCV can decode, or a name that it does not take.
    """

    def __init__(self, path: str) -> None:
        check_file(path)
        check_name(path, SourceError)
        capture = cv2.VideoCapture(path)
        if not capture.isOpened():
            raise SourceError(
                f"{path}: OpenCV cannot open this as a video (damaged, cut off, or not a video)"
            )
        super().__init__(path)
        self._capture = capture
        self._count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        self._frame_rate = rate if 0 < rate <= HIGHEST_RATE else FALLBACK_RATE
        self._is_grabbed = False
        self._begin_s: Optional[float] = None  # what the container tells of the first frame
        self._time_s = -1.0  # of the frame that was grabbed last
        self._is_irregular = False

    @property
    def frame_count(self) -> Optional[int]:
        """As the container says, which may be off; None where it does not."""
        return self._count if self._count > 0 else None

    @property
    def frame_rate(self) -> Optional[float]:
        """See `Source.frame_rate`."""
        return self._frame_rate

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Source.size_px`."""
        height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        return (height, width) if height > 0 and width > 0 else None

    @property
    def next_s(self) -> Optional[float]:
        """See `Source.next_s`: frames of telephones do not come at one rate."""
        return self._time_s if self._grab() else None

    def skip(self) -> bool:
        """See `Source.skip`: decoded, as the frames behind it need that, but not converted."""
        if not self._grab():
            check_end(self, self._index, self._count)
            return False
        self._is_grabbed = False
        self._index += 1
        return True

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        begin_s = time.perf_counter()
        if self._grab():
            self._is_grabbed = False
            found, image = self._capture.retrieve()
            if found and image is not None:
                return self._frame(image, self.name, self._time_s, begin_s)
        check_end(self, self._index, self._count)
        return None

    def _grab(self) -> bool:
        """Decode the next frame, unless that is done; whether there is one."""
        if not self._is_grabbed:
            self._is_grabbed = self._capture.grab()
            if self._is_grabbed:
                self._time_s = self._told_s()
        return self._is_grabbed

    def _told_s(self) -> float:
        """Time of the frame that was just grabbed, since the first: by the rate, until the container,
        where it tells, says something else."""
        told_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        if self._begin_s is None:
            self._begin_s = told_s
        told_s -= self._begin_s
        by_rate_s = self._index / self._frame_rate
        if told_s > self._time_s and abs(told_s - by_rate_s) > 0.5 / self._frame_rate:
            self._is_irregular = True
        return max(told_s, self._time_s) if self._is_irregular else by_rate_s

    def close(self) -> None:
        """See `Source.close`."""
        self._capture.release()
