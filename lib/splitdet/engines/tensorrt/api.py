"""What differs between TensorRT 8.5, 8.6, 9, 10, 11 and TensorRT for RTX, in one place.

Until version 10 a flag lets TensorRT choose lower precisions itself, and a calibrator finds the
ranges for INT8. In 11 and in TensorRT for RTX the types in the network decide: see `half` and
`calibrate`. Everything since 8.5 knows tensors by name, so the older bindings by number are not used.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
from collections import deque
from functools import lru_cache
from typing import Any, Deque, Dict, List, Optional, Tuple

import numpy as np

from splitdet.errors import EngineError, one_line
from splitdet.startup import importing

MODULES = ("tensorrt", "tensorrt_rtx")
OLDEST = (8, 5)
_NUMPY: Dict[str, Any] = {
    "FLOAT": np.float32,
    "HALF": np.float16,
    "INT8": np.int8,
    "INT32": np.int32,
    "INT64": np.int64,
    "UINT8": np.uint8,
    "BOOL": np.bool_,
}
log = logging.getLogger(__name__)


class Api:
    """One TensorRT module.

    Args:
        name: of the module; one of `MODULES`.

    Raises:
        EngineError: it is not installed, does not load, or is too old.
    """

    def __init__(self, name: str) -> None:
        try:
            with importing():
                self.trt: Any = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise EngineError(f"{name} does not load ({error}): {INSTALL}") from None
            raise EngineError(f"TensorRT is not installed: {INSTALL}") from None
        except (ImportError, OSError) as error:
            raise EngineError(f"{name} does not load ({error}): {INSTALL}") from None
        self.name = name
        self.rtx = name == "tensorrt_rtx"
        self.version = tuple(int(part) for part in self.trt.__version__.split(".")[:2])
        if not self.rtx and self.version < OLDEST:
            raise EngineError(
                "TensorRT {} is too old; splitdet needs {}.{} or newer".format(
                    self.trt.__version__, *OLDEST
                )
            )
        self.messages: Deque[str] = deque(maxlen=20)
        """Errors of the library, the latest last."""
        self.logger = _logger(self.trt, self.messages)

    @property
    def description(self) -> str:
        """`TensorRT 8.6.1`."""
        return f"TensorRT{' for RTX' if self.rtx else ''} {self.trt.__version__}"

    @property
    def strongly_typed(self) -> bool:
        """Whether the types in the network decide the precision; there are no flags then."""
        return not hasattr(self.trt.BuilderFlag, "FP16")

    @property
    def contexts_share_profiles(self) -> bool:
        """Whether several contexts may use one optimization profile at once."""
        return self.rtx or self.version >= (8, 6)

    def create_network(self, builder: Any) -> Any:
        """An empty network whose first dimension is the batch."""
        kinds = self.trt.NetworkDefinitionCreationFlag
        wanted = ["EXPLICIT_BATCH"] + ["STRONGLY_TYPED"] * self.strongly_typed
        flags = sum(1 << int(getattr(kinds, name)) for name in wanted if hasattr(kinds, name))
        return builder.create_network(flags)

    def parse(self, network: Any, onnx: bytes) -> None:
        """Read an ONNX model into `network`.

        Raises:
            EngineError: the message lists the nodes that TensorRT does not take.
        """
        self.messages.clear()
        parser = self.trt.OnnxParser(network, self.logger)
        if parser.parse(onnx):
            return
        errors = [self._parser_error(parser.get_error(i)) for i in range(parser.num_errors)]
        raise EngineError(f"{self.description} cannot read this network: " + "; ".join(errors[:5]))

    def _parser_error(self, error: Any) -> str:
        text = one_line(error.desc())
        if hasattr(error, "node_name"):  # since 10
            node = f"{error.node_name()} ({error.node_operator()})" if error.node_operator() else ""
        else:
            node = f"node {error.node()}" if error.node() >= 0 else ""
            # 8 and 9 give a number only, but print the node as text
            said = re.search(r"While parsing node number \d+ \[(.+?)\]", " ".join(self.messages))
            node += f" [{said.group(1)}]" if node and said else ""
        return f"{node}: {text}" if node else text

    def set_precision(self, config: Any, precision: str) -> None:
        """Allow what `precision` needs. `fp32` means fp32: TF32 is off."""
        flags = self.trt.BuilderFlag
        if precision == "fp32":
            config.clear_flag(flags.TF32)
        elif not self.strongly_typed:
            config.set_flag(flags.FP16)  # with INT8 too: for layers that have no INT8 kernel
            if precision == "int8":
                config.set_flag(flags.INT8)

    def set_workspace(self, config: Any, megabytes: int) -> None:
        """Limit the memory that a layer may use for itself; 0: no limit but the GPU's memory."""
        if megabytes:
            config.set_memory_pool_limit(self.trt.MemoryPoolType.WORKSPACE, megabytes << 20)

    def set_level(self, config: Any, level: Optional[int]) -> None:
        """How long to search for the fastest kernels: 0 to 5."""
        if level is not None and hasattr(config, "builder_optimization_level"):  # since 8.6
            config.builder_optimization_level = level

    def set_dla(self, builder: Any, config: Any, core: int) -> None:
        """Put layers on a DLA, and on the GPU what it cannot run. Not run on hardware.

        Raises:
            EngineError: the machine has no such DLA.
        """
        count = builder.num_DLA_cores
        if not 0 <= core < count:
            raise EngineError(f"DLA core {core} is not there: this machine has {count or 'none'}")
        config.default_device_type = self.trt.DeviceType.DLA
        config.DLA_core = core
        config.set_flag(self.trt.BuilderFlag.GPU_FALLBACK)

    def set_target(self, config: Any, capability: Tuple[int, int]) -> None:
        """Build for a GPU that need not be here. TensorRT for RTX only.

        Raises:
            EngineError: it does not build for others, or not for this one.
        """
        name = "SM{}{}".format(*capability)
        known = getattr(self.trt, "ComputeCapability", None)
        if not self.rtx or not hasattr(known, name):
            raise EngineError(
                "{} does not build for compute capability {}.{}".format(self.description, *capability)
            )
        config.num_compute_capabilities = 1
        config.set_compute_capability(getattr(known, name), 0)

    def load_plugins(self) -> None:
        """Make the operations known that come with TensorRT, but not in it.

        Raises:
            EngineError: this TensorRT has none.
        """
        load = getattr(self.trt, "init_libnvinfer_plugins", None)
        if load is None or not load(self.logger, ""):
            raise EngineError(f"{self.description} has no plugins; set split_model: True")

    def without_libraries(self, config: Any) -> None:
        """Keep cuBLAS and cuDNN out of an engine: what TensorRT has itself is always there."""
        known = getattr(self.trt, "TacticSource", None)
        unwanted = [getattr(known, name, None) for name in ("CUBLAS", "CUBLAS_LT", "CUDNN")]
        sources = config.get_tactic_sources()
        for source in unwanted:
            if source is not None:
                sources &= ~(1 << int(source))
        config.set_tactic_sources(sources)

    def share_profiles(self, config: Any) -> None:
        """Let several contexts use one optimization profile: on by itself since 10."""
        feature = getattr(getattr(self.trt, "PreviewFeature", None), "PROFILE_SHARING_0806", None)
        if feature is not None and self.version < (10, 0):
            config.set_preview_feature(feature, True)

    def detailed(self, config: Any) -> None:
        """Keep what `dump` tells of the layers; it costs no time."""
        config.profiling_verbosity = self.trt.ProfilingVerbosity.DETAILED

    def numpy_type(self, dtype: Any) -> Any:
        """The numpy type of a TensorRT one. Its own function needs a numpy before 1.24.

        Raises:
            EngineError: numpy has no such type.
        """
        if dtype.name not in _NUMPY:
            raise EngineError(f"numpy has no type for tensors of {dtype.name}")
        return _NUMPY[dtype.name]

    def reason(self) -> str:
        """What the library said last about an error, on one line."""
        said: List[str] = [" ".join(line.split()) for line in self.messages]
        return said[-1][:300] if said else "it does not say why"

    def out_of_memory(self) -> bool:
        """Whether the library spoke of too little memory."""
        said = " ".join(self.messages).lower().replace(" ", "")
        return "outofmemory" in said or "insufficientmemory" in said or "insufficientworkspace" in said


INSTALL = "pip install 'splitdet[tensorrt]' (on a Jetson it comes with JetPack)"


def find_api() -> Api:
    """TensorRT, or TensorRT for RTX where that is all there is.

    Raises:
        EngineError: neither is installed, or the first does not load.
    """
    first, second = MODULES
    if importlib.util.find_spec(first) is None and importlib.util.find_spec(second) is not None:
        return load_api(second)
    return load_api(first)


@lru_cache(maxsize=None)
def load_api(name: str) -> Api:
    """The module `name`, once: TensorRT keeps the first logger that it is given."""
    return Api(name)


def _logger(trt: Any, messages: Deque[str]) -> Any:
    """TensorRT's messages to ours, and its errors to `messages` as well."""
    kinds = trt.ILogger.Severity
    errors = (kinds.ERROR, kinds.INTERNAL_ERROR)

    class Logger(trt.ILogger):  # type: ignore[misc]
        """Called from any thread of TensorRT."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            """Take one message."""
            if severity in errors:
                messages.append(message)
            if severity in errors or severity == kinds.WARNING:
                log.debug("%s", message)

    return Logger()
