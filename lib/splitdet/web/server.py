"""An ASGI application, served by a thread."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import threading
from typing import Any, Awaitable, Callable, Optional

import uvicorn

from splitdet.errors import SinkError

STOP_TIMEOUT_S = 2.0
MOST_CONNECTIONS = 100
BACKLOG = 32
SEND_BUFFER_BYTES = 1 << 18  # what lies in it is old before it arrives; the system's own grows to MBs
log = logging.getLogger(__name__)


class Server:
    """Serves until it is stopped. The port is taken at once, the thread starts with `start`.

    Args:
        port: 0 for any that is free.

    Raises:
        SinkError: the address cannot be had.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        self.port = int(self._socket.getsockname()[1])
        self._thread: Optional[threading.Thread] = None
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._has_begun = threading.Event()

    def start(self, app: Any, end: Callable[[], Awaitable[None]]) -> None:
        """Begin to serve.

        Args:
            end: finishes the application's streams, in the server's loop, when it stops.
        """
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # what fails is told by the application
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=1,  # s; for a client that does not take what it was sent
        )
        self._server = uvicorn.Server(config)
        self._end = end
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()
        self._has_begun.wait()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # the run goes on without it
            log.warning("the web view has ended: %s: %s", type(error).__name__, error)
        finally:
            self._has_begun.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._has_begun.set()
        await self._server.serve([self._socket])

    async def _finish(self) -> None:
        await self._end()
        self._server.should_exit = True

    def stop(self) -> None:
        """End all streams, and wait for the thread."""
        if self._thread is not None and self._loop is not None:
            finish = self._finish()
            try:
                asyncio.run_coroutine_threadsafe(finish, self._loop)
            except RuntimeError:  # the loop has ended by itself
                finish.close()
            self._thread.join(STOP_TIMEOUT_S)
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens; of the addresses of a name, one of IPv4 is preferred."""
    where = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SinkError(f"web_host: {host}: no such address ({error})") from None
    family, kind, protocol, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would share the port with whoever has it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise SinkError(
                f"web_host: {host}: not an address of this machine; 0.0.0.0 is all that it has"
            ) from None
        raise SinkError(f"web: {where}: {error.strerror}; choose another port with web") from None
    return listener
