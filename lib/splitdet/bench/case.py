"""What is measured: one case for each combination of the settings that are compared."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

from splitdet.errors import ConfigError

SOURCE_SIZE = "source"
SIZES = ("160x120", "544x288", "1280x720")
"""Those in which the programs before this one were compared."""
DISPLAYS = ("off", "inline", "worker")
_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})\Z")
_DISPLAY = re.compile(r"(off|inline|worker)(?:@(\d{1,4}))?\Z")


@dataclass(frozen=True)
class Case:
    """One combination. All of it is text that people typed, so that it can be printed as it is."""

    model: str
    engine: str
    split: bool
    size: str
    """WIDTHxHEIGHT of the frames, which are in memory; `source`: as the input gives them."""
    display: str = "off"
    """`off`, `inline` (the main process draws), `worker` (a process of its own); `@30`: so many pictures
    a second at most."""
    settings: Dict[str, str] = field(default_factory=dict)
    """More keys of config.yml."""

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """Height and width; None as the input gives them."""
        if self.size == SOURCE_SIZE:
            return None
        width, height = self.size.split("x")
        return int(height), int(width)

    @property
    def overrides(self) -> List[str]:
        """`key=value` for all of it that config.yml has a key for."""
        kind, most_fps = _display(self.display)
        values = {
            "model_path": self.model,
            "engine": self.engine,
            "split_model": str(self.split),
            "visualize": str(kind != "off"),
            "vis_worker": str(kind == "worker"),
            "vis_worker_required": str(kind == "worker"),
            "max_vis_fps": most_fps,
            "save_to_file": "False",
            "det_interval": "0",
            **self.settings,
        }
        return [f"{key}={value}" for key, value in values.items()]

    def key(self) -> Tuple[Any, ...]:
        """What makes it another case than others."""
        settings = tuple(sorted(self.settings.items()))
        return (self.model, self.engine, self.split, self.size, self.display, settings)

    def opposite_key(self) -> Tuple[Any, ...]:
        """What it has in common with the one that is not split, whatever the engine."""
        model, _, _, *rest = self.key()
        return (model, *rest)


def matrix(
    models: Sequence[Tuple[str, Sequence[Tuple[str, bool]]]],
    sizes: Sequence[str],
    displays: Sequence[str],
    variants: Sequence[Dict[str, str]],
) -> List[Case]:
    """All combinations that can be; split and not split side by side.

    Args:
        models: each with the engines that it is to run by, and whether split.
        variants: more settings; one empty for none.

    Raises:
        ConfigError: no such size or display.
    """
    for size in sizes:
        if size != SOURCE_SIZE and not _SIZE.match(size):
            raise ConfigError(f"--size {size}: expects WIDTHxHEIGHT, such as 1280x720, or {SOURCE_SIZE}")
    for display in displays:
        _display(display)
    return [
        Case(model, engine, split, size, display, dict(settings))
        for model, ways in models
        for size, display, settings in itertools.product(sizes, displays, variants)
        for engine, split in ways
    ]


def _display(text: str) -> Tuple[str, str]:
    """Its kind, and pictures a second at most."""
    found = _DISPLAY.match(text)
    if not found or (found.group(1) == "off" and found.group(2)):
        kinds = ", ".join(DISPLAYS)
        raise ConfigError(f"--display {text}: expects {kinds}; inline and worker may end in @FPS")
    return found.group(1), found.group(2) or "0"
