"""The commands as people type them: each in a process of its own, or in this one, which is sooner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import IO, Any, Dict, Iterator, List
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

    For all that a process of its own does not matter to: not for what is loaded, nor for signals.
    """
    from splitdet.cli.main import main
    from splitdet.cli.run import script

    words = [str(word) for word in arguments]
    front = words.pop(0) if words[0].endswith(".py") else ""
    kind = front[len("run_") : -len(".py")]
    code = 0
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        with _in_its_place(folder, environment), _written_to(out, errors):
            try:
                script(kind, words) if front else main(words)
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
        for file in (out, errors):
            file.seek(0)
        return subprocess.CompletedProcess(words, code, out.read(), errors.read())


@contextmanager
def _in_its_place(folder: Path, environment: Dict[str, str]) -> Iterator[None]:
    """Working directory, environment and answer to SIGTERM of a command, and then those from before."""
    before, handler = os.getcwd(), signal.getsignal(signal.SIGTERM)
    with mock.patch.dict(os.environ, {**ENVIRONMENT, **environment}):
        os.chdir(str(folder))
        try:
            yield
        finally:
            os.chdir(before)
            signal.signal(signal.SIGTERM, handler)


@contextmanager
def _written_to(out: IO[str], errors: IO[str]) -> Iterator[None]:
    """Take what Python and the libraries below it print."""
    kept = [os.dup(1), os.dup(2)]
    try:
        os.dup2(out.fileno(), 1)
        os.dup2(errors.fileno(), 2)
        with redirect_stdout(out), redirect_stderr(errors):
            yield
    finally:
        for file, number, before in zip((out, errors), (1, 2), kept):
            file.flush()
            os.dup2(before, number)
            os.close(before)


def records(path: Path) -> List[Dict[str, Any]]:
    """The lines of a JSON lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]
