"""Results to JPEG, once for all who want to see them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, NamedTuple, Optional

import cv2
import numpy as np

from splitdet.web.result import Result

QUALITY = 80
BOUNDARY = b"--frame\r\n"
_HEAD = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
Paint = Callable[[Result], np.ndarray]
"""Draws a result: uint8 (H, W, 3), BGR."""


class Jpeg(NamedTuple):
    """A picture, ready to be sent."""

    data: bytes
    part: bytes
    """The same as a part of a multipart stream; a boundary follows at once, because browsers show what
    lies before one."""


class JpegEncoder:
    """Draws and encodes on a thread of its own, so that a large picture holds up no other request.

    Args:
        paint: called on that thread.
    """

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._thread = ThreadPoolExecutor(1, "web-jpeg")
        self._result: Optional[Result] = None
        self._jpeg: Optional[asyncio.Future[Jpeg]] = None

    async def encode(self, result: Result) -> Jpeg:
        """The JPEG of a result; who asks for the same one again waits for it."""
        if self._jpeg is None or result is not self._result:
            self._result = result
            self._jpeg = asyncio.get_running_loop().run_in_executor(self._thread, self._encode, result)
        return await asyncio.shield(self._jpeg)  # one client's leaving must not cancel it for others

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)

    def _encode(self, result: Result) -> Jpeg:
        _, encoded = cv2.imencode(".jpg", self._paint(result), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        data = encoded.tobytes()
        return Jpeg(data, b"".join([_HEAD % len(data), data, b"\r\n", BOUNDARY]))
