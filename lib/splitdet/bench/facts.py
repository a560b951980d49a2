"""The machine and the software that figures belong to."""

from __future__ import annotations

import platform
import subprocess
import time
from pathlib import Path
from typing import Any, Dict, List

import splitdet
from splitdet.compat import package_version
from splitdet.engines.base import usable_cores
from splitdet.jetson import find_jetson
from splitdet.machine import processor

_PACKAGES = (
    *("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "openvino", "onnxruntime", "onnxruntime-gpu"),
    *("tensorrt", "opencv-python", "opencv-python-headless", "numpy"),
)


def facts(command: str) -> Dict[str, Any]:
    """What somebody needs to know who wants to measure the same again."""
    jetson = find_jetson()
    versions = {name: package_version(name) for name in _PACKAGES}
    return {
        "date": time.strftime("%Y-%m-%d"),
        "command": command,
        "splitdet": splitdet.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: found for name, found in versions.items() if found},
        "system": f"{platform.system()} {platform.release()}",
        "cpu": processor().partition(":")[2].strip() or processor() or platform.machine(),
        "cores": usable_cores(),
        "gpus": _gpus(),
        "board": jetson.model if jetson else "",
    }


def _commit() -> str:
    """That this package was taken from, where it lies in a clone; `+` where files were changed."""
    folder = str(Path(splitdet.__file__).resolve().parent)
    try:
        words = ["git", "-C", folder, "describe", "--always", "--dirty=+", "--abbrev=12"]
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError:  # there is no git
        return ""
    return done.stdout.strip()


def _gpus() -> List[str]:
    """Names, and the version of the driver, as it tells."""
    words = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError:
        return []
    return [line.strip() for line in done.stdout.splitlines()] if done.returncode == 0 else []
