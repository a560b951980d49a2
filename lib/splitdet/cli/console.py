"""What every command has in common: messages, signals, exit codes."""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from typing import Any, Callable, NoReturn

from tqdm import tqdm

from splitdet.engines.progress import is_left_behind
from splitdet.errors import EXIT_BAD_INPUT, EXIT_BROKEN_PIPE, EXIT_INTERRUPTED, SplitdetError
from splitdet.signals import END_SIGNALS


class Terminated(KeyboardInterrupt):
    """The process was asked to end by a signal other than Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class _ConsoleHandler(logging.Handler):
    """Messages on stderr, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):  # a terminal that is closed takes none
            tqdm.write(self.format(record), file=sys.stderr)


class _Formatter(logging.Formatter):
    """`warning: ..` for people; time and thread as well when debugging."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if record.levelno < logging.WARNING else record.levelname.lower() + ": " + text


def guarded(work: Callable[[], int]) -> NoReturn:
    """Run `work` so that any end is one line and an exit code, and no thread keeps the process."""
    _set_up_messages(debug=False)
    for number in END_SIGNALS:
        if signal.getsignal(number) == signal.SIG_DFL:  # Ctrl-C is Python's; nohup wants SIGHUP ignored
            signal.signal(number, _terminate)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:  # names of files need not be UTF-8
        reconfigure(errors="backslashreplace")
    try:
        code = work()
    except KeyboardInterrupt as stop:
        print("stopped by {}".format(str(stop) or "Ctrl-C"), file=sys.stderr)
        code = getattr(stop, "exit_code", EXIT_INTERRUPTED)
    except SplitdetError as error:
        print(f"error: {error}", file=sys.stderr)
        logging.getLogger("splitdet").debug("where it happened:", exc_info=error)
        code = error.exit_code
    except BrokenPipeError:  # whoever read our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_BROKEN_PIPE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        code = EXIT_BAD_INPUT
    if is_left_behind():
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def _terminate(number: int, frame: Any) -> None:
    raise Terminated(number)


def _set_up_messages(debug: bool) -> None:
    handler = _ConsoleHandler()
    handler.setFormatter(_Formatter("%(message)s"))
    logger = logging.getLogger("splitdet")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.DEBUG if debug else logging.INFO)


def debug_messages() -> None:
    """Say everything, with time and thread."""
    logger = logging.getLogger("splitdet")
    logger.setLevel(logging.DEBUG)
    for handler in logger.handlers:
        handler.setFormatter(_Formatter("%(asctime)s %(threadName)s %(message)s"))
