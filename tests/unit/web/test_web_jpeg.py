"""Pictures to JPEG, off the loop that serves."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, List

import cv2
import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="needs splitdet[web]")
pytest.importorskip("prometheus_client", reason="needs splitdet[web]")

from splitdet.types import Detections, Frame
from splitdet.web.jpeg import Jpeg, JpegEncoder
from splitdet.web.result import Result
from web_view import decoded

FIRST, SECOND = (
    Result(Frame(np.full((8, 8, 3), value, np.uint8), 0, "", 0.0, 0.0), Detections.none())
    for value in (50, 200)
)


def paint(result: Result) -> np.ndarray:
    """The frame, with nothing drawn."""
    return result.frame.image


def test_a_picture_is_encoded_once_for_all_who_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: List[str] = []
    encode = cv2.imencode

    def counted(*arguments: Any) -> Any:
        threads.append(threading.current_thread().name)
        return encode(*arguments)

    async def check() -> List[Jpeg]:
        encoder = JpegEncoder(paint)
        jpegs = await asyncio.gather(*(encoder.encode(FIRST) for _ in range(3)))
        jpegs.append(await encoder.encode(SECOND))
        encoder.close()
        return jpegs

    monkeypatch.setattr(cv2, "imencode", counted)
    jpegs = asyncio.run(check())
    assert [round(decoded(jpeg.data).mean()) for jpeg in jpegs] == [50, 50, 50, 200]
    assert len(threads) == 2
    assert all(name.startswith("web-jpeg") for name in threads)


def test_a_client_that_leaves_does_not_take_it_from_the_others() -> None:
    async def check() -> Jpeg:
        encoder = JpegEncoder(paint)
        leaves, stays = (asyncio.ensure_future(encoder.encode(FIRST)) for _ in range(2))
        await asyncio.sleep(0)
        leaves.cancel()
        jpeg = await stays
        encoder.close()
        return jpeg

    assert round(decoded(asyncio.run(check()).data).mean()) == 50
