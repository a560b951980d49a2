"""A web server on this machine, and ways in which it fails."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler as Handler
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, Iterator, List, Type


@contextmanager
def serving(folder: Path, handler: Type[Handler] = Handler) -> Iterator[str]:
    """Serve a folder; gives the address."""
    bound: Any = partial(handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), bound) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{served.server_address[1]}"
        finally:
            served.shutdown()
            thread.join()


class Files(Handler):
    """Files with an ETag, whole or from a byte on; some answers break off, or are errors first.

    Use a subclass of its own for each test: what is asked and what fails is kept in the class.
    """

    asked: List[str]
    """Path and, if there was one, range of every request."""
    errors: Dict[str, List[int]]
    """Path to the status codes of its next answers."""
    broken: Dict[str, List[int]]
    """Path to the number of bytes after which its next answers break off."""

    def __init_subclass__(cls) -> None:
        cls.asked, cls.errors, cls.broken = [], {}, {}

    def do_GET(self) -> None:
        """Send a file, a part of it, or what the test wants instead."""
        wanted = self.headers.get("Range", "")
        self.asked.append(f"{self.path} {wanted}".strip())
        if self.errors.get(self.path):
            self.send_error(self.errors[self.path].pop(0))
            return
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        tag = f'"{len(data)}-{sum(data)}"'
        start = int(re.sub(r"\D", "", wanted)) if wanted and self.headers.get("If-Range") == tag else 0
        if start >= len(data) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        end = len(data)
        if self.broken.get(self.path):
            end = start + self.broken[self.path].pop(0)
            self.close_connection = True
        self.wfile.write(data[start:end])

    def log_message(self, *unused: Any) -> None:
        """Say nothing."""
