"""Commands of ours in processes of their own, and why one of them failed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import List

import splitdet
from splitdet.errors import EXIT_BAD_INPUT

_ERROR = "error: "


def call_module(module: str, arguments: List[str]) -> subprocess.CompletedProcess[str]:
    """`python -m MODULE ARGUMENTS` with this very package; what it prints is kept."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": _with_ours(os.environ.get("PYTHONPATH", ""))},
        capture_output=True,
        text=True,
    )


def why_failed(exit_code: int, messages: str) -> str:
    """One line, out of what a command of ours wrote to stderr."""
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    errors = [line[len(_ERROR) :] for line in lines if line.startswith(_ERROR)]
    if exit_code == EXIT_BAD_INPUT and errors:
        return f"not possible: {errors[-1]}"
    return "failed with exit code {}: {}".format(exit_code, (errors or lines or ["no word"])[-1][:200])


def _with_ours(paths: str) -> str:
    """Where modules are looked for, with this very package first."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(splitdet.__file__)))
    return os.pathsep.join([ours, paths]) if paths else ours
