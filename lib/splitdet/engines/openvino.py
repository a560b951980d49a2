"""OpenVINO as engine: the network of a cut graph on an Intel or ARM CPU.

It reads frozen graphs and ONNX as they are. Its CPU plugin would choose bfloat16 by itself where the
processor has it, so the precision is always pinned.
"""

from __future__ import annotations

import os
import tempfile
import threading
from typing import Any, Dict, List, Sequence

import numpy as np

from splitdet.engines.base import Engine, Runner, usable_cores
from splitdet.errors import EngineError
from splitdet.graph.cut import Part
from splitdet.types import Tensors

_HINTS = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}


class OpenVinoRunner(Runner):
    """A compiled network; each thread has a request of its own."""

    def __init__(self, compiled: Any, outputs: Sequence[str], size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._compiled = compiled
        by_name = {name: port for port in compiled.outputs for name in port.get_names()}
        self._ports = [by_name[name] for name in outputs]
        self._local = threading.local()

    def run(self, tensors: Tensors) -> Tensors:
        """See `Runner.run`."""
        request = getattr(self._local, "request", None)
        if request is None:
            request = self._local.request = self._compiled.create_infer_request()
        found = request.infer(list(tensors), share_inputs=True)
        # the request writes into the same memory next time
        return tuple(np.array(found[port], np.float32) for port in self._ports)

    def close(self) -> None:
        """See `Runner.close`."""
        self._local = threading.local()
        self._compiled = None


class OpenVinoEngine(Engine):
    """OpenVINO's CPU plugin.

    Args:
        device: `auto` or `cpu`.
        precision: `fp32`, `fp16` or `bf16`.
        feeders: threads that will run the network at once; they share the cores.

    Raises:
        EngineError: OpenVINO is not installed, or has no such precision on this machine.
    """

    starts_at = "resized"

    def __init__(self, device: str, precision: str, feeders: int) -> None:
        if device == "gpu":
            raise EngineError("engine openvino runs on the CPU here; set device: auto or cpu")
        try:
            import openvino
        except ImportError:
            raise EngineError(
                "engine openvino is not installed: pip install 'splitdet[openvino]'"
            ) from None
        if precision not in _HINTS:
            known = ", ".join(_HINTS)
            raise EngineError(f"engine openvino has no precision {precision}; it has {known}")
        self._openvino = openvino
        self._core = openvino.Core()
        self._precision = precision
        self._feeders = feeders

    @property
    def description(self) -> str:
        """See `Engine.description`."""
        version = self._openvino.__version__.partition("-")[0]
        return f"OpenVINO {version} on the CPU, {self._precision}"

    def compile(self, part: Part, on_cpu: Sequence[str]) -> Runner:
        """See `Engine.compile`."""
        options: Dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _HINTS[self._precision],
            "NUM_STREAMS": self._feeders,
            "INFERENCE_NUM_THREADS": usable_cores(),
        }
        try:
            compiled = self._core.compile_model(self._read(part), "CPU", options)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot run this network: {_reason(error)}") from None
        return OpenVinoRunner(compiled, part.outputs, len(part.data))

    def _read(self, part: Part) -> Any:
        """OpenVINO takes networks from files only; it tells them apart by their suffix."""
        handle, path = tempfile.mkstemp(suffix=part.suffix)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(part.data)
            return self._core.read_model(path)
        finally:
            os.remove(path)


def _reason(error: Exception) -> str:
    lines: List[str] = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__
