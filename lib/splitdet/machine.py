"""What this machine calls its parts."""

from __future__ import annotations

import platform
from pathlib import Path


def processor() -> str:
    """The line in which the processor names itself; empty where nothing does."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    return next((line for line in text.splitlines() if line.startswith("model name")), "")
