"""Python, TensorFlow and the other engines."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import List

from splitdet.compat import gpus, has_nvidia_gpu, package_build, tensorflow, version
from splitdet.doctor.findings import NOTE, OK, PROBLEM, Finding
from splitdet.errors import EngineError

OLDEST_PYTHON = (3, 7)
_ENGINES = (
    ("openvino", "OpenVINO", "pip install 'splitdet[openvino]'", "faster on most CPUs"),
    ("onnxruntime", "ONNX Runtime", "pip install 'splitdet[onnx]'", "faster on some CPUs"),
    ("tensorrt", "TensorRT", "pip install 'splitdet[tensorrt]'", "fastest on NVIDIA GPUs"),
)


def check_python() -> Finding:
    """The interpreter."""
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("Python", PROBLEM, text, "Python 3.7 or newer; JetPack 4's 3.6 is too old")
    return Finding("Python", OK, text)


def check_tensorflow() -> List[Finding]:
    """TensorFlow, and whether it uses the GPU."""
    try:
        tensorflow()
    except EngineError as error:
        return [Finding("TensorFlow", PROBLEM, str(error), "pip install tensorflow")]
    found = [Finding("TensorFlow", OK, version())]
    if gpus():
        found.append(Finding("GPU", OK, f"TensorFlow uses {', '.join(gpus())}"))
    elif has_nvidia_gpu():
        fix = "pip install 'tensorflow[and-cuda]'; on a Jetson: NVIDIA's own TensorFlow wheel"
        found.append(Finding("GPU", NOTE, "there is an NVIDIA GPU that TensorFlow cannot use", fix))
    else:
        found.append(Finding("GPU", OK, "none; the network runs on the CPU"))
    return found


def check_cuda(root: Path = Path("/")) -> List[Finding]:
    """NVIDIA's driver, and the CUDA that TensorFlow was built for."""
    try:
        text = (root / "proc/driver/nvidia/version").read_text(encoding="utf-8")
    except OSError:
        if not has_nvidia_gpu():
            return []
        return [Finding("CUDA", NOTE, "a GPU, but no driver is loaded", "install NVIDIA's driver")]
    driver = next((word for word in text.split() if word[:1].isdigit() and "." in word), "unknown")
    return [Finding("CUDA", OK, f"driver {driver}{_built_for()}")]


def check_engines() -> List[Finding]:
    """The engines beside TensorFlow."""
    found: List[Finding] = []
    for package, name, fix, why in _ENGINES:
        installed = package_build(package).rpartition(" ")[2]
        if installed:
            found.append(Finding(name, OK, installed))
        elif package != "tensorrt" or has_nvidia_gpu():
            found.append(Finding(name, NOTE, f"not installed; {why}", fix))
    return found


def _built_for() -> str:
    """What TensorFlow knows of its own build."""
    try:
        import tensorflow as tf
    except ImportError:  # `check_tensorflow` tells
        return ""
    describe = getattr(tf.sysconfig, "get_build_info", None)  # TensorFlow 1.15 has none
    cuda = describe().get("cuda_version") if describe is not None else None
    return f", TensorFlow was built for CUDA {cuda}" if cuda else ""
