"""The page itself: files that are sent as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

from starlette.responses import Response
from starlette.routing import Route

_FILES = {
    "/": ("index.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/style.css": ("style.css", "text/css"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


def page_routes() -> List[Route]:
    """A route for each file, which is read once."""
    return [Route(path, _sender(*file)) for path, file in _FILES.items()]


def _sender(name: str, media_type: str) -> Any:
    content = (Path(__file__).parent / "static" / name).read_bytes()

    async def send(request: Any) -> Response:
        return Response(content, media_type=media_type)

    return send
