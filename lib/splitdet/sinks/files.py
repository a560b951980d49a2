"""Results on disk: a video, a tree of pictures, JSON lines."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, Dict, Optional

import cv2
import numpy as np

from splitdet.errors import SinkError
from splitdet.labels import Labels
from splitdet.sinks.base import Sink
from splitdet.sources.images import SUFFIXES
from splitdet.types import Detections, Frame, Segmentation

SCHEMA = 1
MOVIE_FOLDER = "output_movie"
IMAGE_FOLDER = "output_image"
_CODECS = {".avi": "MJPG", ".mp4": "mp4v", ".mkv": "MJPG", ".mov": "mp4v"}


def default_movie_path() -> str:
    """`output_movie/output_<unixtime>.avi`; a number is added where that exists already."""
    stem = os.path.join(MOVIE_FOLDER, f"output_{int(time.time())}")
    path, number = stem + ".avi", 1
    while os.path.exists(path):
        path, number = f"{stem}_{number}.avi", number + 1
    return path


class VideoSink(Sink):
    """A video with the results drawn, as fast as the source was.

    From a file every frame is written once. From a live source a picture is repeated, or left
    out, so that the video plays at the speed at which things happened.

    Args:
        rate: frames per second of the source.
        live: times of frames are real times, not multiples of 1 / rate.

    Raises:
        SinkError: the folder or the file cannot be made.
    """

    def __init__(self, path: str, rate: float, live: bool) -> None:
        suffix = Path(path).suffix.lower()
        if suffix not in _CODECS:
            raise SinkError("{}: expects a video file ({})".format(path, " ".join(_CODECS)))
        _make_folder(path)
        self._path = path
        self._codec = _CODECS[suffix]
        self._rate = rate
        self._live = live
        self._writer: Optional[cv2.VideoWriter] = None
        self._size = (0, 0)
        self._first_s = 0.0
        self._written = 0

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
        while self._written < due:
            self._writer.write(picture)
            self._written += 1

    def _open(self, size: tuple[int, int]) -> cv2.VideoWriter:
        self._size = size
        code = cv2.VideoWriter.fourcc(*self._codec)
        writer = cv2.VideoWriter(self._path, code, self._rate, size)
        if not writer.isOpened():
            raise SinkError(
                f"{self._path}: cannot be written (folder not writable, or no {self._codec} encoder)"
            )
        return writer

    def close(self) -> None:
        """See `Sink.close`."""
        if self._writer is not None:
            self._writer.release()


class ImageSink(Sink):
    """A folder of pictures with the results drawn: same path, size and format as the source.

    Args:
        folder: where the tree begins.
    """

    def __init__(self, folder: str) -> None:
        if folder.lower().endswith(SUFFIXES):
            raise SinkError(f"{folder}: expects a folder, in which the pictures keep their paths")
        self._folder = folder

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._folder

    def wants_picture(self) -> bool:
        """See `Sink.wants_picture`."""
        return True

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        assert picture is not None
        path = os.path.join(self._folder, _inside(frame.source))
        if os.path.realpath(path) == os.path.realpath(frame.source):
            raise SinkError(f"{path}: would be written over; write somewhere else")
        _make_folder(path)
        done, data = cv2.imencode(os.path.splitext(path)[1], picture)
        if not done:
            raise SinkError(f"{path}: cannot be encoded")
        try:
            data.tofile(path)
        except OSError as error:
            raise SinkError(f"{path}: {error.strerror}") from None


def _inside(path: str) -> str:
    """`path` so that it can be put under a folder: below the working directory, or without root."""
    relative = os.path.relpath(path)
    if relative.startswith(os.pardir):
        relative = os.path.splitdrive(os.path.abspath(path))[1].lstrip(os.sep)
    return relative


class JsonSink(Sink):
    """One JSON object a line for each frame; boxes are ymin, xmin, ymax, xmax, 0..1.

    A segmented frame also has the share of the picture that each class takes, 0..1.

    Args:
        with_stream: say which of several inputs a frame is from.

    Raises:
        SinkError: the file cannot be made.
    """

    def __init__(self, path: str, labels: Labels, with_stream: bool = False) -> None:
        _make_folder(path)
        self._path = path
        self._with_stream = with_stream
        self._labels = labels
        try:
            self._file = open(path, "w", buffering=1, encoding="utf-8")  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise SinkError(f"{path}: {error.strerror}") from None

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._path

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        try:
            self._file.write(json.dumps(self._record(frame, found)) + "\n")
        except OSError as error:
            raise SinkError(f"{self._path}: {error.strerror}") from None

    def _record(self, frame: Frame, found: Detections) -> Dict[str, Any]:
        record: Dict[str, Any] = {
            "schema": SCHEMA,
            **({"stream": frame.stream} if self._with_stream else {}),
            "frame": frame.index,
            "source": frame.source,
            "time_s": round(frame.time_s, 6),
            "width": frame.width,
            "height": frame.height,
            "detections": [
                {
                    "box": [float(edge) for edge in box],
                    "score": float(score),
                    "class_id": int(class_id),
                    "label": self._labels[class_id],
                }
                for box, score, class_id in zip(found.boxes, found.scores, found.classes)
            ],
        }
        if isinstance(found, Segmentation):
            record["segmentation"] = [
                {"class_id": class_id, "label": self._labels[class_id], "share": share}
                for class_id, share in found.shares().items()
            ]
        return record

    def close(self) -> None:
        """See `Sink.close`."""
        try:
            self._file.close()
        except OSError as error:
            raise SinkError(f"{self._path}: {error.strerror}") from None


def write_json(path: str, content: Dict[str, Any]) -> None:
    """Write one JSON object; SinkError where that fails."""
    _make_folder(path)
    try:
        Path(path).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{path}: {error.strerror}") from None


def _make_folder(path: str) -> None:
    """Make the folder that `path` lies in."""
    folder = os.path.dirname(path) or "."
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise SinkError(f"{folder}: {error.strerror}") from None
