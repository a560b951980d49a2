"""Real-time detection with TensorFlow frozen graphs, cut before non-maximum suppression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List

__version__ = "0.1.0"
__all__ = ["Config", "Detections", "Detector", "Frame", "SplitdetError", "TrtSSD", "stream"]

if TYPE_CHECKING:
    from splitdet.assemble import stream
    from splitdet.config import Config
    from splitdet.detector import Detector
    from splitdet.errors import SplitdetError
    from splitdet.trt_ssd import TrtSSD
    from splitdet.types import Detections, Frame

_HOMES = {
    "Config": "splitdet.config",
    "Detections": "splitdet.types",
    "Detector": "splitdet.detector",
    "Frame": "splitdet.types",
    "SplitdetError": "splitdet.errors",
    "TrtSSD": "splitdet.trt_ssd",
    "stream": "splitdet.assemble",
}


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that `import splitdet` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'splitdet' has no attribute {name!r}")
    from importlib import import_module

    from splitdet.startup import importing

    with importing():
        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> List[str]:
    return sorted(__all__)
