"""TensorFlow 1.15 and 2.x as one: the version 1 interface, imported quietly and only when needed."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, List, Tuple

from splitdet.errors import EngineError, ExtraError
from splitdet.jetson import text_of
from splitdet.startup import importing

log = logging.getLogger(__name__)


@lru_cache(maxsize=None)
def tensorflow() -> Any:
    """`tf.compat.v1`, with TF32 off: float32 means float32.

    Raises:
        EngineError: TensorFlow is not installed, or does not load.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with importing(), warnings.catch_warnings(), _quiet_stderr():
            warnings.simplefilter("ignore")  # TensorFlow 1.15 warns of numpy's future
            import tensorflow as tf
    except ImportError as error:
        raise EngineError(f"TensorFlow does not load ({error}); pip install tensorflow") from None
    v1 = tf.compat.v1
    v1.logging.set_verbosity(v1.logging.ERROR)
    use_tf32(False)
    return v1


def use_tf32(wanted: bool) -> None:
    """Whether GPUs may round the factors of float32 products to 10 bits; holds for the process."""
    import tensorflow as tf

    switch = getattr(tf.config.experimental, "enable_tensor_float_32_execution", None)
    if switch is not None:  # TensorFlow 1.15 has no such thing
        switch(wanted)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep what C++ code prints before TensorFlow's log level counts off the terminal."""
    if log.isEnabledFor(logging.DEBUG) or os.environ["TF_CPP_MIN_LOG_LEVEL"] != "3":
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def version() -> str:
    """TensorFlow's version, such as `2.21.0`."""
    import tensorflow as tf

    return str(tf.__version__)


def package_version(name: str) -> str:
    """Version of an installed package, without importing it; empty where there is none of that name."""
    try:
        from importlib import metadata
    except ImportError:  # Python 3.7
        import pkg_resources  # type: ignore[import-untyped,unused-ignore]

        found = pkg_resources.working_set.by_key.get(name)
        return str(found.version) if found else ""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def package_build(name: str) -> str:
    """Name and version of an installed package, or of its build for GPUs or for CPUs; empty where there
    is none."""
    for one in (name, name + "-gpu", name + "-cpu"):
        found = package_version(one)
        if found:
            return f"{one} {found}"
    return ""


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Around imports of packages that come with `splitdet[name]`.

    Raises:
        ExtraError: one of them is not installed, or does not load.
    """
    try:
        yield
    except ImportError as error:
        missing = error.name or str(error)
        raise ExtraError(f"{missing} is not installed: pip install 'splitdet[{name}]'") from error


@lru_cache(maxsize=None)
def gpus() -> List[str]:
    """Names of the GPUs that TensorFlow can use, best first."""
    v1 = tensorflow()
    return [device.name for device in v1.config.experimental.list_physical_devices("GPU")]


def nvidia_setup() -> Tuple[str, ...]:
    """What decides which NVIDIA GPUs an engine sees and can use, found without loading any.

    Names of the GPUs that the driver knows, whether this process may use any, and the CUDA that is
    installed from Python packages. Which of them it may use differs from worker to worker.
    """
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    names = [line for file in files for line in text_of(file).splitlines() if line.startswith("Model")]
    cuda = [package_version("nvidia-cuda-runtime" + build) for build in ("", "-cu11", "-cu12", "-cu13")]
    is_hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "all")[:2] in ("", "-1")
    return (*names, *cuda, f"GPU: {has_nvidia_gpu() and not is_hidden}")


def has_nvidia_gpu() -> bool:
    """Whether the machine has an NVIDIA GPU, whatever TensorFlow makes of it."""
    return any(
        path.exists()
        for path in (Path("/dev/nvidia0"), Path("/dev/nvhost-gpu"), Path("/proc/driver/nvidia/gpus"))
    )


@lru_cache(maxsize=None)
def warn_of_idle_gpu() -> None:
    """One line when there is an NVIDIA GPU that TensorFlow cannot use."""
    if not gpus() and has_nvidia_gpu():
        log.warning(
            "this machine has an NVIDIA GPU, but TensorFlow %s cannot use it: "
            "pip install 'tensorflow[and-cuda]' (on a Jetson: NVIDIA's own TensorFlow wheel)",
            version(),
        )
