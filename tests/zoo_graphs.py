"""The zoo's genuine graphs, with random weights."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from places import SHARED

SKELETONS = SHARED / "zoo" / "skeletons"


def write_zoo_graph(path: Path, name: str) -> Path:
    """Write the graph called `name` (mark the test `zoo`)."""
    filler = [sys.executable, str(SHARED / "zoo" / "skeleton.py"), "fill"]
    subprocess.run([*filler, str(SKELETONS / f"{name}.pb.xz"), str(path)], check=True)
    return path
