"""Live streams through OpenCV: cameras, network addresses and GStreamer pipelines."""

from __future__ import annotations

import logging
import re
import time
from typing import Dict, Optional, Tuple, Union

import cv2
import numpy as np

from splitdet.errors import SourceError
from splitdet.sources.capture import CaptureSource
from splitdet.types import Frame

HIGHEST_RATE = 1000.0  # some network streams report the 90000 ticks of their clock
log = logging.getLogger(__name__)

# what OpenCV hands over when the appsink's caps name one of these
_TO_BGR: Dict[str, int] = {
    "I420": cv2.COLOR_YUV2BGR_I420,
    "YV12": cv2.COLOR_YUV2BGR_YV12,
    "NV12": cv2.COLOR_YUV2BGR_NV12,
    "NV21": cv2.COLOR_YUV2BGR_NV21,
    "YUY2": cv2.COLOR_YUV2BGR_YUY2,
    "UYVY": cv2.COLOR_YUV2BGR_UYVY,
    "GRAY8": cv2.COLOR_GRAY2BGR,
    "BGRX": cv2.COLOR_BGRA2BGR,
    "BGRA": cv2.COLOR_BGRA2BGR,
    "YVYU": cv2.COLOR_YUV2BGR_YVYU,
    "RGB": cv2.COLOR_RGB2BGR,
    "RGBX": cv2.COLOR_RGBA2BGR,
    "RGBA": cv2.COLOR_RGBA2BGR,
}


def is_pipeline(spec: str) -> bool:
    """Whether `spec` is a GStreamer pipeline and not an address or a path."""
    return "!" in spec and "appsink" in spec


def has_gstreamer() -> bool:
    """Whether this OpenCV can run GStreamer pipelines."""
    return bool(re.search(r"GStreamer:\s+YES", cv2.getBuildInformation()))


def pixel_format(pipeline: str) -> str:
    """The pixel format of what the pipeline ends with: the last one that its caps name.

    `BGR` where none does: OpenCV then asks for that itself.
    """
    formats = re.findall(r"format\s*=\s*(?:\(\s*string\s*\)\s*)?\"?([A-Za-z0-9_]+)", pipeline)
    return str(formats[-1]).upper() if formats else "BGR"


def to_bgr(image: np.ndarray, pixels: str) -> np.ndarray:
    """uint8 (H, W, 3), BGR, of a picture in the format `pixels`."""
    if image.ndim == 3 and image.shape[2] == 3 and pixels != "RGB":
        return image
    if image.ndim == 2 or image.shape[2] == 1:
        conversion = _TO_BGR.get(pixels, cv2.COLOR_GRAY2BGR)
    else:
        conversion = _TO_BGR.get(pixels, cv2.COLOR_BGRA2BGR)
    return np.asarray(cv2.cvtColor(image, conversion))


class StreamSource(CaptureSource):
    """A camera by number, an address such as rtsp://.., or a GStreamer pipeline.

    Args:
        spec: what to open.
        size_px: height and width to ask a camera for; other streams come as they are.

    Raises:
        SourceError: it cannot be opened; the message says what to look at.
    """

    live = True

    def __init__(self, spec: Union[int, str], size_px: Optional[Tuple[int, int]] = None) -> None:
        name = f"camera {spec}" if isinstance(spec, int) else spec
        self._pixels = "BGR"
        if isinstance(spec, str) and is_pipeline(spec):
            if not has_gstreamer():
                raise SourceError(
                    f"this OpenCV ({cv2.__version__}) was built without GStreamer, which the pipeline "
                    f"{spec!r} needs; Debian's and Jetson's python3-opencv have it"
                )
            self._pixels = pixel_format(spec)
            capture = cv2.VideoCapture(spec, cv2.CAP_GSTREAMER)
        else:
            capture = cv2.VideoCapture(spec)
        if not capture.isOpened():
            raise SourceError(f"{name}: {_advice(spec)}")
        super().__init__(name, capture)
        is_camera = isinstance(spec, int) or spec.startswith("/dev/")
        if is_camera and size_px is not None:
            self._ask_for_size(size_px)

    def _ask_for_size(self, wanted: Tuple[int, int]) -> None:
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted[0])
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted[1])
        got = self.size_px
        if got is not None and got != wanted:
            log.warning(
                "%s: asked for %dx%d, delivers %dx%d",
                self.name,
                *(wanted[1], wanted[0], got[1], got[0]),
            )

    @property
    def frame_rate(self) -> Optional[float]:
        """See `Source.frame_rate`; None where the device does not say."""
        return self._rate(highest=HIGHEST_RATE)

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        begin_s = time.perf_counter()
        found, image = self._capture.read()
        if not found or image is None:
            if self._index >= self._count > 0:  # a file behind an address has an end
                return None
            raise SourceError(
                f"{self.name}: gone after {self._index} frames (unplugged, or the stream ended)"
            )
        return self._frame(to_bgr(image, self._pixels), self.name, None, begin_s)


def _advice(spec: Union[int, str]) -> str:
    if isinstance(spec, int):
        return "cannot be opened; is it plugged in, free, and is the number right (camera_input)?"
    if is_pipeline(spec):
        return "this pipeline does not start; try it with gst-launch-1.0"
    return "cannot be opened; is the address right and reachable?"
