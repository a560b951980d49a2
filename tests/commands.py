"""The commands as people type them: each in a process of its own, or in this one, which is sooner."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Dict, Iterator, List
from unittest import mock

from places import ROOT

HANG_S = 300
ENVIRONMENT = {"PYTHONPATH": str(ROOT / "lib"), "SPLITDET_ENGINE": "tensorflow"}


def call(*arguments: Any, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`splitdet ARGUMENTS`, or one of the scripts, in `folder`.

    By TensorFlow, unless the environment says otherwise: what else is installed must not matter.
    """
    words = [str(word) for word in arguments]
    command = [sys.executable]
    command += [str(ROOT / words.pop(0))] if words[0].endswith(".py") else ["-m", "splitdet"]
    return subprocess.run(
        command + words,
        cwd=str(folder),
        env={**os.environ, **ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )


def call_here(*arguments: Any, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `call` gives, from this process, which has TensorFlow loaded already.

    For all that a process of its own does not matter to: not for what is loaded, what libraries print
    past Python, nor signals.
    """
    from splitdet.cli.main import main
    from splitdet.cli.run import script
    from splitdet.errors import EXIT_INTERRUPTED

    words = [str(word) for word in arguments]
    front = words.pop(0) if words[0].endswith(".py") else ""
    typed = [front or "splitdet", *words]
    out, errors, code = io.StringIO(), io.StringIO(), 0
    with _in_its_place(typed, folder, environment), redirect_stdout(out), redirect_stderr(errors):
        try:
            script(front[len("run_") : -len(".py")], words) if front else main(words)
        except SystemExit as end:
            code = int(end.code or 0)
    if code in (EXIT_INTERRUPTED, 128 + signal.SIGTERM):
        raise KeyboardInterrupt  # meant for the tests
    return subprocess.CompletedProcess(words, code, out.getvalue(), errors.getvalue())


@contextmanager
def _in_its_place(words: List[str], folder: Path, environment: Dict[str, str]) -> Iterator[None]:
    """Words, folder, environment and answer to SIGTERM of a command, and then those from before; the
    messages go where they went."""
    before, handler = os.getcwd(), signal.getsignal(signal.SIGTERM)
    variables = mock.patch.dict(os.environ, {**ENVIRONMENT, **environment})
    with variables, mock.patch.object(sys, "argv", words), messages_as_they_were():
        os.chdir(str(folder))
        try:
            yield
        finally:
            os.chdir(before)
            signal.signal(signal.SIGTERM, handler)


@contextmanager
def messages_as_they_were() -> Iterator[None]:
    """A command in this process sets up the messages; afterwards they are what they were before."""
    logger = logging.getLogger("splitdet")
    level, propagate, handlers = logger.level, logger.propagate, logger.handlers[:]
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.propagate = propagate
        logger.handlers[:] = handlers


def records(path: Path) -> List[Dict[str, Any]]:
    """The lines of a JSON lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]
