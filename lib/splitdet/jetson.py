"""Which Jetson this machine is, if any, by the files that NVIDIA's system has. Not run on hardware."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

ARGUS_SINCE = (31, 0)
"""L4T release from which on cameras are read by nvarguscamerasrc; before, by nvcamerasrc."""


@dataclass(frozen=True)
class Jetson:
    """A board and its system."""

    model: str
    """As the device tree says, such as `NVIDIA Jetson Nano Developer Kit`."""
    l4t: Optional[Tuple[int, int]] = None
    """Major and minor release of Jetson Linux, such as (32, 7); None where it is not known."""

    @property
    def platform(self) -> str:
        """The word that config.yml has for its set of elements."""
        model = self.model.lower()
        if "orin" in model:
            return "orin"
        if "xavier" in model or "jetson-agx" in model:
            return "xavier"
        if self.l4t is not None and self.l4t < ARGUS_SINCE:
            return "tx2"
        return "nano"


def find_jetson(root: Path = Path("/")) -> Optional[Jetson]:
    """The Jetson that this is; None on any other machine."""
    release = text_of(root / "etc/nv_tegra_release")
    model = text_of(root / "proc/device-tree/model")
    if not release and not re.search(r"jetson|orin|quill", model, re.IGNORECASE):
        return None
    found = re.match(r"# R(\d+) \(release\), REVISION: (\d+)", release)
    return Jetson(model or "Jetson", (int(found.group(1)), int(found.group(2))) if found else None)


def text_of(path: Path) -> str:
    """What one of the system's small files says; empty where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""
