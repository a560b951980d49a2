"""Videos that an NVIDIA GPU decodes, and whose frames stay there (PyNvVideoCodec)."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from importlib import import_module
from typing import Any, Deque, Optional, Tuple

import cv2

from splitdet.compat import extra
from splitdet.engines.tensorrt.cuda import find_cuda
from splitdet.engines.tensorrt.pictures import PicturePool
from splitdet.errors import SourceError, one_line
from splitdet.opencv import check_name
from splitdet.sources.base import Source
from splitdet.sources.video import check_end, check_file
from splitdet.types import Frame

AHEAD = 8
"""Frames that its thread decodes ahead."""
AT_ONCE = 4
"""Frames that are taken from it at once."""


class NvdecSource(Source):
    """A video file, decoded by the GPU (NVDEC).

    Its frames have a `GpuPicture`: TensorRT reads it where it is, whoever else wants the pixels gets a
    copy. Colours are not quite OpenCV's, as the two convert YUV by other coefficients.

    Raises:
        SourceError: no such file, nothing in it that this GPU decodes, or a video to be turned.
        EngineError: there is no NVIDIA GPU.
        ExtraError: PyNvVideoCodec is not installed.
    """

    def __init__(self, path: str) -> None:
        check_file(path)
        _check_upright(path)
        with extra("nvdec"):
            codec: Any = import_module("PyNvVideoCodec")
        super().__init__(path)
        self._cuda = find_cuda()
        self._cuda.activate()
        self._stream = self._cuda.create_stream()
        self._decoder: Any = None
        self._ready: Deque[Any] = deque()
        try:
            self._decoder = codec.ThreadedDecoder(
                path,
                AHEAD,
                cuda_context=self._cuda.context,
                cuda_stream=self._stream,
                use_device_memory=True,
                output_color_type=codec.OutputColorType.RGB,
            )
            about = self._decoder.get_stream_metadata()
            self._size = (int(about.height), int(about.width))
            self._rate = float(about.average_fps)
            self._count = int(about.num_frames)
        except Exception as error:  # the library has no class of its own for each of its reasons
            self.close()
            raise SourceError(f"{path}: NVDEC cannot decode this ({one_line(error)})") from None
        self._pool = PicturePool(self._cuda, *self._size)

    @property
    def frame_count(self) -> Optional[int]:
        """As the container says, which may be off; None where it does not."""
        return self._count if self._count > 0 else None

    @property
    def frame_rate(self) -> Optional[float]:
        """See `Source.frame_rate`."""
        return self._rate if self._rate > 0 else None

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Source.size_px`."""
        return self._size

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        begin_s = time.perf_counter()
        self._cuda.activate()
        decoded = self._decoded()
        if decoded is None:
            check_end(self, self._index, self._count)
            return None
        height, width = decoded.shape[:2]
        if (height, width, 3) != self._pool.shape:  # a stream may change it
            self._pool = PicturePool(self._cuda, height, width)
        picture = self._pool.copy_of(decoded.GetPtrToPlane(0), self._stream)
        time_s = self._index / self._rate if self._rate > 0 else None
        return self._frame(picture, self.name, time_s, begin_s)

    def skip(self) -> bool:
        """See `Source.skip`: decoded, but not copied."""
        self._cuda.activate()
        if self._decoded() is None:
            check_end(self, self._index, self._count)
            return False
        self._index += 1
        return True

    def _decoded(self) -> Any:
        """The next frame of the decoder, which keeps it until it is asked for more; None at the end."""
        if not self._ready:
            try:
                self._ready.extend(self._decoder.get_batch_frames(AT_ONCE))
            except Exception as error:
                raise SourceError(f"{self.name}: NVDEC failed ({one_line(error)})") from None
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """See `Source.close`."""
        if not self._stream:  # closed already, where the next pass could not begin
            return
        self._cuda.activate()
        self._ready.clear()
        if self._decoder is not None:
            with suppress(Exception):  # it may have ended by itself
                self._decoder.end()
        self._decoder = None
        self._cuda.destroy_stream(self._stream)
        self._stream = 0


def _check_upright(path: str) -> None:
    """Raise SourceError for a video that is to be turned, as those of telephones are."""
    check_name(path, SourceError)
    capture = cv2.VideoCapture(path)
    degrees = int(capture.get(cv2.CAP_PROP_ORIENTATION_META)) if capture.isOpened() else 0
    capture.release()
    if degrees:
        raise SourceError(
            f"{path}: is to be turned by {degrees} degrees, which NVDEC does not do; "
            "set playback.decoder: software"
        )
