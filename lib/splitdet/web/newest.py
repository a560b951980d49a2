"""The newest result, on its way from the output thread to whoever waits for it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Generic, List, Optional, TypeVar

from splitdet.sinks.beat import Beat

T = TypeVar("T")


class Ended(Exception):
    """There will be no more."""


class Newest(Generic[T]):
    """Gives the next item to all who wait for one, and keeps none.

    So nobody gets an old one, a slow client just comes back later, and where no client waits nothing
    has to be made. `is_wanted` and `put` belong to the thread that makes items and never wait;
    `next` and `end` belong to an event loop.

    Args:
        most_per_s: items a second at most; 0 for no limit.
    """

    def __init__(self, most_per_s: float) -> None:
        self._beat = Beat(most_per_s)
        self._lock = threading.Lock()
        self._waiting: List[asyncio.Future[T]] = []
        self._has_ended = False

    def is_wanted(self) -> bool:
        """Whether somebody waits, and the next item is due; it has to follow a yes."""
        return bool(self._waiting) and self._beat.is_due()

    def put(self, item: T) -> None:
        """Hand an item to those who wait."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if waiting:
            with suppress(RuntimeError):  # the loop has been closed: nobody is left
                waiting[0].get_loop().call_soon_threadsafe(_give, waiting, item)

    async def next(self, timeout_s: Optional[float] = None) -> T:
        """The first item that is made from now on.

        Raises:
            Ended: there will be none.
            asyncio.TimeoutError: there was none for `timeout_s` seconds.
        """
        if self._has_ended:
            raise Ended
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append(future)
        try:
            return await asyncio.wait_for(future, timeout_s)
        finally:
            with self._lock:
                if future in self._waiting:
                    self._waiting.remove(future)

    def end(self) -> None:
        """Send home those who wait, and those who will."""
        self._has_ended = True
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_exception(Ended())


def _give(waiting: List[asyncio.Future[T]], item: T) -> None:
    for future in waiting:
        if not future.done():  # a client may have left meanwhile
            future.set_result(item)
