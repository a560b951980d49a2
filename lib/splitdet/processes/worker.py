"""Processes that work for this one: started fresh, heard when they die, gone when we are."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import signal
import sys
import threading
import types
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Callable, Iterator, List, NamedTuple, Optional

from splitdet.errors import SplitdetError, StageError, described
from splitdet.signals import END_SIGNALS

PATIENCE_S = 1.0
"""What a worker that was told to end is given before it is killed."""
_SPAWN = multiprocessing.get_context("spawn")  # a fork of a process with threads in it may hang
_starting = threading.Lock()


class ParentGone(Exception):
    """Whoever started this worker is not there any more."""


class _Log(NamedTuple):
    """What a worker has to say to people."""

    logger: str
    level: int
    text: str


class _Failure(NamedTuple):
    """What a worker ends with."""

    error: SplitdetError


class Link:
    """A worker's way to whoever started it. `send` is safe from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: Any) -> None:
        """Send anything that can be pickled; ParentGone where nobody is there to read it."""
        try:
            with self._lock:
                self._connection.send(message)
        except OSError:
            raise ParentGone from None

    def receive(self, timeout_s: Optional[float] = None) -> Any:
        """Wait for a message; None after `timeout_s`, ParentGone where no more can come."""
        try:
            return self._connection.recv() if self._connection.poll(timeout_s) else None
        except (EOFError, OSError):
            raise ParentGone from None


class Worker:
    """A process that runs `work(link, *arguments)`, and a thread here that hears what it sends.

    It is a fresh Python (spawn), whatever libraries this process has loaded, and does not run the
    main module again, so scripts need no `if __name__ == "__main__"`. Ctrl-C, SIGTERM and SIGHUP do not
    reach it: it ends when `work` returns, when it is closed, or with this process, even if that is
    killed. What it logs is logged here.

    Args:
        name: for people, in messages.
        work: a function of a module, which the new process imports.
        arguments: pickled; a `Ring` among them is shared.
        hear: called with each message, one after the other.
        lost: called once with the reason if it ends before `close`: its own error, or how it died.
    """

    def __init__(
        self,
        name: str,
        work: Callable[..., None],
        *arguments: Any,
        hear: Callable[[Any], None],
        lost: Callable[[SplitdetError], None],
    ) -> None:
        self.name = name
        self._hear = hear
        self._lost = lost
        self._stopping = False
        self._sending = threading.Lock()
        self._connection, theirs = _SPAWN.Pipe()
        lifeline, self._lifeline = _SPAWN.Pipe(duplex=False)  # nothing is ever sent; it only ends
        level = logging.getLogger("splitdet").getEffectiveLevel()
        self._process = _SPAWN.Process(
            target=_live, args=(theirs, lifeline, level, work, arguments), name=name, daemon=True
        )
        self._thread = threading.Thread(target=self._listen, name=f"{name} listener", daemon=True)
        # comes before multiprocessing's own end, which would wait for the process for ever
        atexit.register(self.close)
        try:
            with _apart():
                self._process.start()
            theirs.close()
            lifeline.close()
            self._thread.start()
        except BaseException:
            self.close()
            raise
        self.pid = self._process.pid

    def send(self, message: Any) -> None:
        """Send anything that can be pickled. If it has died nothing happens; `lost` tells."""
        with self._sending, suppress(OSError):
            self._connection.send(message)

    def stop(self) -> None:
        """Tell it to end, and do not wait for it."""
        self._stopping = True
        self._lifeline.close()

    def close(self) -> None:
        """End it. What it was doing is left undone."""
        self.stop()
        atexit.unregister(self.close)
        listening = self._thread.ident is not None
        if listening:
            self._thread.join(PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        if listening:
            self._thread.join()
        with self._sending:
            self._connection.close()

    def _listen(self) -> None:
        """The thread here."""
        error: Optional[SplitdetError] = None
        for message in self._messages():
            if isinstance(message, _Log):
                text = f"{self.name}: {message.text}"
                logging.getLogger(message.logger).log(message.level, "%s", text)
            elif isinstance(message, _Failure):
                error = message.error
            else:
                self._hear(message)
        self._process.join()
        if not self._stopping:
            self._lost(error or StageError(f"{self.name} {_end_of(self._process.exitcode)}"))

    def _messages(self) -> Iterator[Any]:
        """What it sends, until it ends."""
        # also its sentinel: another process that was forked from here may hold the pipe open
        sources: List[Any] = [self._connection, self._process.sentinel]
        with suppress(EOFError, OSError):
            while self._connection in wait(sources):
                yield self._connection.recv()


@contextmanager
def _apart() -> Iterator[None]:
    """What is started here has neither our main module nor our signals."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")  # which spawn would run again
        _start_tracker()
        masked = hasattr(signal, "pthread_sigmask")  # not on Windows
        before = signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS) if masked else set()
        try:
            yield
        finally:
            if masked:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            sys.modules["__main__"] = main


def _start_tracker() -> None:
    """Start the helper that spawn needs: starting it lets signals through again."""
    if sys.version_info >= (3, 8):
        from multiprocessing import resource_tracker as tracker
    else:
        from multiprocessing import semaphore_tracker as tracker
    if sys.platform != "win32":
        tracker.ensure_running()


def _end_of(exit_code: Optional[int]) -> str:
    """How a process ended, for people."""
    if exit_code is None or exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was killed by signal {-exit_code}"


class _Forward(logging.Handler):
    """Sends what is logged to whoever started this worker."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(ParentGone):
            self._link.send(_Log(record.name, record.levelno, self.format(record)))


def _live(
    connection: Connection, lifeline: Connection, level: int, work: Callable[..., None], arguments: Any
) -> None:
    """All that a worker does from its start to its end."""
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    link = Link(connection)
    logger = logging.getLogger("splitdet")
    logger.handlers[:] = [_Forward(link)]
    logger.setLevel(level)
    logger.propagate = False
    exit_code = 0
    try:
        work(link, *arguments)
    except ParentGone:
        pass
    except BaseException as error:  # whatever it is, whoever started us must hear of it
        exit_code = 1
        logger.debug("where it happened:", exc_info=error)
        with suppress(ParentGone):
            link.send(_Failure(described(error, f"{multiprocessing.current_process().name} failed")))
    # nothing here needs to be put away, and threads that are inside of libraries need not return
    os._exit(exit_code)


def _end_with_parent(lifeline: Connection) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(0)
