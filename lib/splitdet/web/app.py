"""What the web view answers: the page, the streams and the figures."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any, AsyncIterator, Dict, Set

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from splitdet.addresses import without_password
from splitdet.labels import Labels
from splitdet.sinks.json_lines import frame_record
from splitdet.visualize.palette import colour
from splitdet.web.figures import Figures
from splitdet.web.jpeg import BOUNDARY, JpegEncoder, Paint
from splitdet.web.metrics import Metrics
from splitdet.web.newest import Ended, Newest
from splitdet.web.page import page_routes
from splitdet.web.result import Result

SNAPSHOT_TIMEOUT_S = 5.0
KEEP_ALIVE_S = 15.0
END_TIMEOUT_S = 0.3
RETRY_MS = 2000
LONGEST_BODY_BYTES = 1024
log = logging.getLogger(__name__)


class WebView:
    """The answers, as `app` of ASGI.

    Args:
        pictures: results to be shown as pictures.
        results: results to be told.
        paint: draws a result, uint8 (H, W, 3), BGR.
    """

    def __init__(
        self,
        pictures: Newest[Result],
        results: Newest[Result],
        paint: Paint,
        figures: Figures,
        labels: Labels,
    ) -> None:
        self._pictures = pictures
        self._results = results
        self._figures = figures
        self._labels = labels
        self._streams: Set[asyncio.Task[Any]] = set()
        self._encoder = JpegEncoder(paint)
        self._metrics = Metrics(figures)
        routes = [
            *page_routes(),
            Route("/stream.mjpg", self._stream),
            Route("/snapshot.jpg", self._snapshot),
            Route("/detections", self._detections),
            Route("/figures", self._show_figures),
            Route("/threshold", self._set_threshold, methods=["POST"]),
            Route("/healthz", self._health),
            Route("/metrics", self._show_metrics),
        ]
        self.app = Starlette(routes=routes, exception_handlers={Exception: _failed})

    async def end(self) -> None:
        """Finish all streams; waits a little for those that can still be sent their end."""
        self._pictures.end()
        self._results.end()
        if self._streams:
            await asyncio.wait(self._streams, timeout=END_TIMEOUT_S)
        self._encoder.close()

    async def _stream(self, request: Request) -> Response:
        return self._streamed(request, self._parts(), "multipart/x-mixed-replace; boundary=frame")

    async def _parts(self) -> AsyncIterator[bytes]:
        """Pictures, each made once for all clients."""
        yield BOUNDARY
        while True:
            jpeg = await self._encoder.encode(await self._pictures.next())
            yield jpeg.part

    async def _snapshot(self, request: Request) -> Response:
        try:
            result = await self._pictures.next(SNAPSHOT_TIMEOUT_S)
        except (asyncio.TimeoutError, Ended):
            reason = f"no frame came for {SNAPSHOT_TIMEOUT_S:g} seconds, or the run has ended\n"
            return PlainTextResponse(reason, 503)
        jpeg = await self._encoder.encode(result)
        return Response(jpeg.data, media_type="image/jpeg")

    async def _detections(self, request: Request) -> Response:
        return self._streamed(request, self._events(), "text/event-stream")

    async def _events(self) -> AsyncIterator[bytes]:
        """Server-sent events: one for each result, a comment while there is none, and `end`."""
        yield b"retry: %d\n\n" % RETRY_MS
        while True:
            try:
                result = await self._results.next(KEEP_ALIVE_S)
            except asyncio.TimeoutError:
                yield b": no frame\n\n"
            except Ended:
                yield b"event: end\ndata: {}\n\n"
                return
            else:
                text = json.dumps(self._record(result))
                yield f"id: {result.frame.index}\ndata: {text}\n\n".encode()

    def _record(self, result: Result) -> Dict[str, Any]:
        """As a line of `--json`, without masks, and with the colour that each thing is drawn in."""
        found = replace(result.found, masks=None)
        record = frame_record(result.frame, found, self._labels)
        record["source"] = without_password(result.frame.source)
        for thing in [*record["detections"], *record.get("segmentation", [])]:
            blue, green, red = colour(thing["class_id"])
            thing["colour"] = f"#{red:02x}{green:02x}{blue:02x}"
        return record

    def _streamed(self, request: Request, content: AsyncIterator[bytes], media_type: str) -> Response:
        if request.method == "HEAD":
            return Response(media_type=media_type)
        return StreamingResponse(self._counted(content), media_type=media_type)

    async def _counted(self, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        self._figures.streams = len(self._streams)
        try:
            async for piece in content:
                yield piece
        except Ended:
            pass
        finally:
            self._streams.discard(task)
            self._figures.streams = len(self._streams)

    async def _show_figures(self, request: Request) -> Response:
        return JSONResponse(self._figures.now())

    async def _set_threshold(self, request: Request) -> Response:
        """Takes JSON only: a page of another site cannot send that without asking first."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return PlainTextResponse("expects Content-Type: application/json\n", 415)
        try:
            score = json.loads(await _body(request))["threshold"]
            self._figures.threshold.set(score)
        except ClientDisconnect:
            return Response(status_code=400)
        except (ValueError, TypeError, KeyError, RecursionError):
            return PlainTextResponse('expects {"threshold": 0.5}, a number from 0 to 1\n', 400)
        return JSONResponse({"threshold": self._figures.threshold.score})

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": self._figures.state})

    async def _show_metrics(self, request: Request) -> Response:
        text, content_type = self._metrics.text(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type})


async def _body(request: Request) -> bytes:
    """The body of a request, cut off where it is too long to be meant."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY_BYTES:
            break
    return body[:LONGEST_BODY_BYTES]


async def _failed(request: Request, error: Exception) -> Response:
    log.warning("web view: %s failed: %s: %s", request.url.path, type(error).__name__, error)
    return PlainTextResponse("internal error\n", 500)
