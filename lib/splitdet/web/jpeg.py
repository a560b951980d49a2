"""Results to JPEG, once for all who want to see them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Optional

import cv2
import numpy as np

from splitdet.web.result import Result

QUALITY = 80
Paint = Callable[[Result], np.ndarray]
"""Draws a result: uint8 (H, W, 3), BGR."""


class JpegEncoder:
    """Draws and encodes on a thread of its own, so that a large picture holds up no other request.

    Args:
        paint: called on that thread.
    """

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._thread = ThreadPoolExecutor(1, "web-jpeg")
        self._result: Optional[Result] = None
        self._jpeg: Optional[asyncio.Future[bytes]] = None

    async def encode(self, result: Result) -> bytes:
        """The JPEG of a result; who asks for the same one again waits for it."""
        if self._jpeg is None or result is not self._result:
            self._result = result
            self._jpeg = asyncio.get_running_loop().run_in_executor(self._thread, self._encode, result)
        return await asyncio.shield(self._jpeg)  # one client's leaving must not cancel it for others

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)

    def _encode(self, result: Result) -> bytes:
        _, data = cv2.imencode(".jpg", self._paint(result), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return data.tobytes()
