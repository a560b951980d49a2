"""Addresses through PyAV: FFmpeg's libraries, with the reasons that OpenCV keeps to itself."""

from __future__ import annotations

import time
from typing import Any, Dict, Iterator, Optional, Tuple

import cv2
import numpy as np

from splitdet.addresses import why_unreachable
from splitdet.compat import package_version
from splitdet.config.camera import Camera
from splitdet.errors import SourceError
from splitdet.sources.captures.base import Capture

_TURNS = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    -90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    -180: cv2.ROTATE_180,
}
"""By what FFmpeg calls the rotation of a frame, degrees counterclockwise."""
_PROTOCOLS = "file,crypto,data,http,https,tcp,tls,udp,rtp,rtsp,rtmp,rtmps,hls"


def is_installed() -> bool:
    """Whether PyAV is there (`pip install 'splitdet[av]'`)."""
    return bool(package_version("av"))


class PyAVCapture(Capture):
    """What FFmpeg opens: rtsp://, http://, udp://, or the SDP file of an RTP stream.

    A stream that tells its length ends after it. Any other has broken off when it ends.

    Args:
        camera: transport and latency.
        silence_s: no frame for so long counts as broken off.
        low_latency: decode each frame at once, on one thread.
    """

    def __init__(
        self, address: str, camera: Camera, silence_s: float, low_latency: bool = False
    ) -> None:
        super().__init__()
        self._address = address
        self._camera = camera
        self._silence_s = silence_s
        self._low_latency = low_latency
        self._container: Any = None
        self._stream: Any = None
        self._frames: Iterator[Any] = iter(())
        self._turn: Optional[int] = None  # what the last frame needed to stand upright

    def open(self) -> None:
        """See `Capture.open`."""
        import av

        self.reader = f"PyAV {av.__version__}"
        begin_s = time.perf_counter()
        try:
            self._container = av.open(
                self._address, options=self._options(), timeout=(self._silence_s, self._silence_s)
            )
        except (av.FFmpegError, OSError) as error:
            # FFmpeg takes an answer that did not come in time for invalid data
            is_late = time.perf_counter() - begin_s >= self._silence_s
            reason = f"no answer for {self._silence_s:g} s" if is_late else _reason(error)
            raise SourceError(why_unreachable(self._address) or reason) from None
        if not self._container.streams.video:
            raise SourceError("there is no video in it")
        self._stream = self._container.streams.video[0]
        if not self._low_latency:
            self._stream.thread_type = "AUTO"
        self._frames = self._decode()

    @property
    def frame_rate(self) -> Optional[float]:
        """See `Capture.frame_rate`."""
        rate = self._stream.average_rate if self._stream is not None else None
        return float(rate) if rate else None

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Capture.size_px`."""
        if self._stream is None or not self._stream.width:
            return None
        size = self._stream.height, self._stream.width
        return size if self._turn in (None, cv2.ROTATE_180) else size[::-1]

    def read(self) -> Optional[np.ndarray]:
        """See `Capture.read`."""
        frame = self._decoded()
        if frame is None:
            return None
        image = np.asarray(frame.to_ndarray(format="bgr24"))
        self._turn = _TURNS.get(getattr(frame, "rotation", 0))  # PyAV before 14 does not tell
        return image if self._turn is None else np.asarray(cv2.rotate(image, self._turn))

    @property
    def has_length(self) -> bool:
        """See `Capture.has_length`."""
        return bool(self._container is not None and self._container.duration)

    def close(self) -> None:
        """See `Capture.close`."""
        self._frames = iter(())
        if self._container is not None:
            self._container.close()

    def _skip(self) -> bool:
        return self._decoded() is not None

    def _decode(self) -> Iterator[Any]:
        """Frames; what cannot be decoded, because packets were lost, is left out."""
        import av

        for packet in self._packets():
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                continue

    def _packets(self) -> Iterator[Any]:
        """Packets; of a file not the half of one with which the connection ended."""
        doubtful: Any = None
        for packet in self._container.demux(self._stream):
            if doubtful is not None:
                yield doubtful
                doubtful = None
            if packet.is_corrupt and self.has_length:
                doubtful = packet  # until there is another one behind it
            else:
                yield packet
        if doubtful is not None:
            yield doubtful

    def _decoded(self) -> Any:
        """The next frame; None at the end."""
        import av

        try:
            frame = next(self._frames, None)
        except av.error.ExitError:
            raise SourceError(f"no frame for {self._silence_s:g} s") from None
        except EOFError:
            frame = None
        except (av.FFmpegError, OSError) as error:
            raise SourceError(_reason(error)) from None
        if frame is None and not self.has_length and not self.interrupted.is_set():
            raise SourceError("the connection ended")
        return frame

    def _options(self) -> Dict[str, str]:
        options = {
            "rtsp_transport": self._camera.transport,
            "protocol_whitelist": _PROTOCOLS,
            "max_delay": str(self._camera.latency_ms * 1000),
            "fpsprobesize": "0",  # the rate is in the description; a second saved
        }
        if self._low_latency:
            options["flags"] = "low_delay"
            if not self._address.startswith("http"):  # of a file it would leave out the beginning
                options["fflags"] = "nobuffer"
        return options


def _reason(error: Exception) -> str:
    """What FFmpeg says, without the address, which may hold a password."""
    text = getattr(error, "strerror", None) or str(error)
    return str(text).split("'")[0].strip(" :")
