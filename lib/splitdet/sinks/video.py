"""Results as a video."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Optional, Tuple

import cv2
import numpy as np

from splitdet.errors import SinkError
from splitdet.opencv import check_name
from splitdet.sinks.base import Sink
from splitdet.sinks.files import check_room, free_path, make_folder
from splitdet.types import Detections, Frame

AUTO = "auto"
MOVIE_FOLDER = "output_movie"
LEAST_PX = 16
"""OpenCV's Motion JPEG writes beyond its memory for some that are smaller."""
LOOK_EVERY_S = 5.0
USUAL_CODECS = {".avi": "mjpg", ".mp4": "mp4v", ".mkv": "mjpg", ".mov": "mp4v", ".webm": "vp8"}
_FOURCC = {
    "mjpg": "MJPG",
    "mp4v": "mp4v",
    "xvid": "XVID",
    "h264": "avc1",
    "vp8": "VP80",
    "vp9": "VP90",
    "ffv1": "FFV1",
}


def default_movie_path() -> str:
    """`output_movie/output_<unixtime>.avi`; a number is added where that exists already."""
    return free_path(os.path.join(MOVIE_FOLDER, f"output_{int(time.time())}.avi"))


class VideoSink(Sink):
    """A video with the results drawn, as fast as the source was.

    From a file every frame is written once. From a live source a picture is repeated, or left
    out, so that the video plays at the speed at which things happened. After a long gap, or when the
    encoder is slow, repeating goes on over the next pictures: no frame waits longer than one period.

    Args:
        rate: frames per second of the source.
        live: times of frames are real times, not multiples of 1 / rate.
        codec: as `video_codec` of config.yml.

    Raises:
        SinkError: the folder or the file cannot be made.
    """

    def __init__(self, path: str, rate: float, live: bool, codec: str = AUTO) -> None:
        suffix = Path(path).suffix.lower()
        if suffix not in USUAL_CODECS:
            raise SinkError("{}: expects a video file ({})".format(path, " ".join(USUAL_CODECS)))
        check_name(path, SinkError)
        make_folder(path)
        self._path = path
        self._codec = USUAL_CODECS[suffix] if codec == AUTO else codec
        self._rate = rate
        self._live = live
        self._writer: Optional[cv2.VideoWriter] = None
        self._size = (0, 0)
        self._first_s = 0.0
        self._written = 0
        self._look_s = 0.0  # when to see next whether there is room

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._path

    def wants_picture(self) -> bool:
        """See `Sink.wants_picture`."""
        return True

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        assert picture is not None
        size = (frame.width, frame.height)
        if self._writer is None:
            self._writer = self._open(size)
            self._first_s = frame.time_s
        if size != self._size:  # OpenCV drops a frame of another size without a word
            raise SinkError(
                "{}: the source changed its size from {}x{} to {}x{}".format(
                    self._path, *self._size, *size
                )
            )
        due = self._written + 1
        if self._live:
            due = int((frame.time_s - self._first_s) * self._rate + 0.5) + 1
        now_s = time.perf_counter()
        if now_s >= self._look_s:  # OpenCV says nothing of a full disk
            check_room(self._path)
            self._look_s = now_s + LOOK_EVERY_S
        end_s = now_s + 1.0 / self._rate
        while self._written < due:
            self._writer.write(picture)
            self._written += 1
            if time.perf_counter() >= end_s:
                break

    def _open(self, size: Tuple[int, int]) -> cv2.VideoWriter:
        if min(size) < LEAST_PX:
            raise SinkError(
                "{}: a video needs pictures of {}x{} pixels or more, and these are {}x{}; "
                "write pictures to a folder".format(self._path, LEAST_PX, LEAST_PX, *size)
            )
        self._size = size
        code = cv2.VideoWriter.fourcc(*_FOURCC[self._codec])
        writer = cv2.VideoWriter(self._path, code, self._rate, size)
        if not writer.isOpened():
            raise SinkError(
                f"{self._path}: cannot be written: the folder is not writable, or this OpenCV has no "
                f"{self._codec} encoder for {Path(self._path).suffix} files (video_codec: auto has one)"
            )
        return writer

    def close(self) -> None:
        """See `Sink.close`.

        Raises:
            SinkError: the disk is full, so that the end of the video is missing.
        """
        if self._writer is not None:
            self._writer.release()
            check_room(self._path)
