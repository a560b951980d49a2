"""The commands as people type them, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

from places import ROOT

HANG_S = 120
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


def records(path: Path) -> List[Dict[str, Any]]:
    """The lines of a JSON lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]
