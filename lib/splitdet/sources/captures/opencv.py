"""Cameras, addresses and GStreamer pipelines through OpenCV's VideoCapture."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from typing import List, Optional, Tuple, Union

import cv2
import numpy as np

from splitdet.addresses import why_unreachable, without_password
from splitdet.errors import SourceError
from splitdet.opencv import check_name
from splitdet.sources.captures.base import Capture
from splitdet.sources.captures.gstreamer import with_conversion
from splitdet.sources.video import shortfall

HIGHEST_RATE = 1000.0  # some network streams report the 90000 ticks of their clock
log = logging.getLogger(__name__)


class OpenCVCapture(Capture):
    """What `cv2.VideoCapture` opens.

    Args:
        spec: number or device file of a camera, address, or GStreamer pipeline.
        silence_s: no frame for so long counts as broken off, where OpenCV can be told.
        size_px: height and width to ask a camera for.
        low_latency: ask a camera's driver to keep no more than one frame.
        is_pipeline: `spec` is one.
    """

    def __init__(
        self,
        spec: Union[int, str],
        silence_s: float,
        size_px: Optional[Tuple[int, int]] = None,
        low_latency: bool = False,
        is_pipeline: bool = False,
    ) -> None:
        super().__init__()
        self._spec = spec
        self._silence_s = silence_s
        self._asked_px = size_px
        self._low_latency = low_latency
        self._is_pipeline = is_pipeline
        self._given = 0
        self._capture: Optional[cv2.VideoCapture] = None

    def open(self) -> None:
        """See `Capture.open`."""
        check_name(str(self._spec), SourceError)
        if self._is_pipeline:
            # what OpenCV takes by itself it hands over as it is, padded rows and all
            pipeline = with_conversion(str(self._spec))
            self._capture = cv2.VideoCapture(pipeline, cv2.CAP_GSTREAMER)
        elif self._is_camera:
            self._capture = cv2.VideoCapture(self._spec)
        else:
            self._capture = cv2.VideoCapture(self._spec, cv2.CAP_ANY, self._timeouts())
        if not self._capture.isOpened():
            raise SourceError(self._why_not_open())
        self.reader = f"OpenCV {cv2.__version__} ({self._capture.getBackendName()})"
        if self._asked_px is not None and self._is_camera:
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._asked_px[0])
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._asked_px[1])
            if self._low_latency:
                self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    @property
    def frame_rate(self) -> Optional[float]:
        """See `Capture.frame_rate`."""
        rate = self._get(cv2.CAP_PROP_FPS)
        return rate if 0 < rate <= HIGHEST_RATE else None

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Capture.size_px`."""
        size = int(self._get(cv2.CAP_PROP_FRAME_HEIGHT)), int(self._get(cv2.CAP_PROP_FRAME_WIDTH))
        return size if min(size) > 0 else None

    def read(self) -> Optional[np.ndarray]:
        """See `Capture.read`."""
        assert self._capture is not None
        begin_s = time.perf_counter()
        found, image = self._capture.read()
        if found and image is not None:
            self._given += 1
            is_grey = image.ndim == 2 or image.shape[2] == 1
            return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)) if is_grey else image
        if self.interrupted.is_set():
            return None
        if self.has_length and self._given:  # opened anew, a file would begin again
            self._note_end()
            return None
        if time.perf_counter() - begin_s >= self._silence_s:
            raise SourceError(f"no frame for {self._silence_s:g} s")
        raise SourceError(self._why_gone())

    def _note_end(self) -> None:
        reason = shortfall(self._given, int(self._get(cv2.CAP_PROP_FRAME_COUNT)))
        if reason:
            log.warning("%s: %s; is it damaged?", without_password(str(self._spec)), reason)

    @property
    def has_length(self) -> bool:
        """See `Capture.has_length`."""
        return self._get(cv2.CAP_PROP_FRAME_COUNT) > 0

    def close(self) -> None:
        """See `Capture.close`."""
        if self._capture is not None:
            self._capture.release()

    def _skip(self) -> bool:
        return self._capture is not None and bool(self._capture.grab())

    @property
    def _is_camera(self) -> bool:
        return isinstance(self._spec, int) or self._spec.startswith("/dev/")

    def _get(self, what: int) -> float:
        return float(self._capture.get(what)) if self._capture is not None else 0.0

    def _timeouts(self) -> List[int]:
        """How long FFmpeg may take; OpenCV before 4.5.2 cannot be told."""
        names = ("CAP_PROP_OPEN_TIMEOUT_MSEC", "CAP_PROP_READ_TIMEOUT_MSEC")
        if not all(hasattr(cv2, name) for name in names):
            return []
        return [word for name in names for word in (getattr(cv2, name), int(self._silence_s * 1000))]

    def _why_not_open(self) -> str:
        if self._is_pipeline:
            return "this pipeline does not start; try it with gst-launch-1.0"
        if self._is_camera:
            return why_no_camera(self._spec)
        silent = "it gives no video; are path, name and password right?"
        return why_unreachable(str(self._spec)) or silent

    def _why_gone(self) -> str:
        if self._is_camera and not os.path.exists(device_file(self._spec)):
            return "unplugged"
        return "it broke off"


def has_gstreamer() -> bool:
    """Whether this OpenCV can run GStreamer pipelines."""
    return bool(re.search(r"GStreamer:\s+YES", cv2.getBuildInformation()))


def device_file(spec: Union[int, str]) -> str:
    """The file of a camera, where the system has such files."""
    return f"/dev/video{spec}" if isinstance(spec, int) else spec


def why_no_camera(spec: Union[int, str]) -> str:
    """What keeps a camera from being opened, and what to do."""
    file = device_file(spec)
    usual = f"{file} gives no pictures (a Jetson's CSI camera? camera.kind: csi), or is in use"
    return what_keeps_closed(file) or usual


def what_keeps_closed(file: str) -> str:
    """What keeps a camera's device file from being opened, and what to do; empty where nothing does."""
    if not sys.platform.startswith("linux"):
        return "is it plugged in, free, and is the number right (camera_input)?"
    if not os.path.exists(file):
        others = sorted(name for name in os.listdir("/dev") if re.match(r"video\d+$", name))
        there = "there is " + ", ".join(f"/dev/{name}" for name in others) if others else "there is none"
        return f"no {file}; is it plugged in, and is the number right (camera_input)? {there}"
    if not os.access(file, os.R_OK | os.W_OK):
        return f"no permission for {file}; sudo usermod -aG video $USER, then log in again"
    try:
        os.close(os.open(file, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        return f"{file}: {error.strerror}; another program may use it"
    return ""
