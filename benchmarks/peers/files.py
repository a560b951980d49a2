"""Where conversions are kept between runs."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path


def converted(graph: Path, ending: str) -> Path:
    """The file for a conversion of this very graph."""
    digest = hashlib.sha256(graph.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / "splitdet-peers"
    folder.mkdir(exist_ok=True)
    return folder / (digest + ending)
