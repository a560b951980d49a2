"""ONNX Runtime as engine: the network of a cut graph, converted to ONNX."""

from __future__ import annotations

from typing import Any, List, Sequence

import numpy as np

from splitdet.engines.base import Engine, Runner, usable_cores
from splitdet.engines.onnx_export import to_onnx
from splitdet.errors import EngineError, one_line
from splitdet.graph.cut import Part
from splitdet.startup import importing
from splitdet.types import Tensors

_GPU, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class OnnxRunner(Runner):
    """An ONNX Runtime session, which any thread may use."""

    def __init__(self, session: Any, outputs: Sequence[str], size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._session = session
        self._inputs = [port.name for port in session.get_inputs()]
        self._outputs = list(outputs)

    def run(self, tensors: Tensors) -> Tensors:
        """See `Runner.run`."""
        found = self._session.run(self._outputs, dict(zip(self._inputs, tensors)))
        return tuple(map(np.asarray, found))

    def close(self) -> None:
        """See `Runner.close`."""
        self._session = None


class OnnxEngine(Engine):
    """ONNX Runtime, on a GPU where the installed build has CUDA.

    Args:
        device: `auto`, `cpu` or `gpu`.
        precision: `fp32`.
        feeders: threads that will run the network at once; they share the cores.
        cores: see `engine_cores` of the configuration.

    Raises:
        EngineError: not installed, or without what was asked for.
    """

    starts_at = "resized"

    def __init__(self, device: str, precision: str, feeders: int, cores: int = 0) -> None:
        try:
            with importing():
                import onnxruntime
        except ImportError:
            raise EngineError(
                "engine onnxruntime is not installed: pip install 'splitdet[onnx]'"
            ) from None
        if precision != "fp32":
            raise EngineError(f"engine onnxruntime has no precision {precision}; it has fp32")
        has_gpu = _GPU in onnxruntime.get_available_providers()
        if device == "gpu" and not has_gpu:
            raise EngineError(
                "device is gpu, but this ONNX Runtime has no CUDA; "
                "pip install onnxruntime-gpu in its place"
            )
        self._library = onnxruntime
        self._use_gpu = has_gpu and device != "cpu"
        self._feeders = feeders
        self._cores = usable_cores(cores)

    @property
    def description(self) -> str:
        """See `Engine.description`."""
        return f"ONNX Runtime {self._library.__version__} on the {'GPU' if self._use_gpu else 'CPU'}"

    def compile(self, part: Part, on_cpu: Sequence[str]) -> Runner:
        """See `Engine.compile`."""
        options = self._library.SessionOptions()
        options.intra_op_num_threads = max(1, self._cores // self._feeders)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # TF32 off: fp32 means fp32
        providers: List[Any] = [(_GPU, {"use_tf32": 0}), _CPU] if self._use_gpu else [_CPU]
        model = to_onnx(part)
        try:
            session = self._library.InferenceSession(model, options, providers=providers)
        except Exception as error:  # its own exceptions have no common base
            raise EngineError(f"ONNX Runtime cannot run this network: {one_line(error)}") from None
        if self._use_gpu and _GPU not in session.get_providers():
            raise EngineError("ONNX Runtime finds CUDA, but cannot use it (wrong CUDA or cuDNN version)")
        return OnnxRunner(session, part.outputs, len(model))
