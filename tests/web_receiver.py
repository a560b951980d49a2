"""A real web server on this machine that takes events as a test tells it to."""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, Iterable, Iterator, List

HANG = 0
"""In the place of a status: no answer until `release` is called."""
WAIT_S = 60.0
"""Far above what anything takes."""


class WebReceiver:
    """Answers POST requests; use it as a context manager.

    Args:
        statuses: of the answers, in turn; then 200.
        headers: that every answer has.
    """

    def __init__(self, statuses: Iterable[int] = (), **headers: str) -> None:
        self.requests: queue.Queue[Dict[str, Any]] = queue.Queue()
        """What has come in: `path`, `headers` and `event`."""
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, iter(statuses), headers))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> WebReceiver:
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WAIT_S)

    @property
    def host(self) -> str:
        """Name and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def address(self) -> str:
        """Where it takes events."""
        return f"http://{self.host}/events"

    def release(self) -> None:
        """Answer what hangs."""
        self._released.set()

    def next_event(self) -> Dict[str, Any]:
        """Wait for the next event."""
        event: Dict[str, Any] = self.requests.get(timeout=WAIT_S)["event"]
        return event

    def events(self) -> List[Dict[str, Any]]:
        """All that have come in and were not asked for yet."""
        return [self.requests.get_nowait()["event"] for _ in range(self.requests.qsize())]

    def answer(self, statuses: Iterator[int]) -> int:
        """The next status."""
        status = next(statuses, 200)
        if status == HANG:
            self._released.wait(WAIT_S)
            status = 200
        return status


def _handler(receiver: WebReceiver, statuses: Iterator[int], headers: Dict[str, str]) -> Any:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = {"path": self.path, "headers": dict(self.headers), "event": json.loads(body)}
            receiver.requests.put(asked)
            self.send_response(receiver.answer(statuses))
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def log_message(self, *unused: Any) -> None:
            """Say nothing."""

    return Handler


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
