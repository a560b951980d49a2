"""Pictures to JPEG, once for all who want them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Optional

import cv2
import numpy as np

QUALITY = 80


class JpegEncoder:
    """Encodes on a thread of its own, so that a large picture holds up no other request."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "web-jpeg")
        self._picture: Optional[np.ndarray] = None
        self._jpeg: Optional[asyncio.Future[bytes]] = None

    async def encode(self, picture: np.ndarray) -> bytes:
        """The JPEG of a picture, uint8 (H, W, 3), BGR; who asks for the same one again waits for it."""
        if self._jpeg is None or picture is not self._picture:
            self._picture = picture
            self._jpeg = asyncio.get_running_loop().run_in_executor(self._thread, _encode, picture)
        return await asyncio.shield(self._jpeg)  # one client's leaving must not cancel it for others

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)


def _encode(picture: np.ndarray) -> bytes:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()
