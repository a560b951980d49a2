"""OpenVINO as engine: networks, and parts that take frames as they are, on an Intel or ARM CPU.

It reads frozen graphs and ONNX as they are, the loops around their networks included. Its CPU plugin
would choose bfloat16 by itself where the processor has it, so the precision is always pinned. What was
compiled is kept in the cache folder, so that a second start neither reads nor compiles it.

Parts are compiled for one frame, and for its size where that is constant. Kernels for one constant
shape are faster than those for any: behind the proposals of a two-stage detector all shapes are
constant once the batch is. And in INT8 those for any give wrong numbers on small maps (OpenVINO 2026.4,
depthwise convolutions with a stride).
"""

from __future__ import annotations

import os
import tempfile
import threading
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from splitdet.engines.base import Engine, Runner, frame_shape, usable_cores
from splitdet.engines.cache import key_of, load_checked, store_checked
from splitdet.engines.openvino_int8 import quantize, quantizer_key
from splitdet.engines.pictures import NEEDED, Pictures
from splitdet.errors import EngineError
from splitdet.graph.cut import Part
from splitdet.startup import importing
from splitdet.types import Tensors

_HINTS = {"fp32": "f32", "fp16": "f16", "bf16": "bf16", "int8": "f32"}
"""What is calculated with where nothing is quantized."""
_LACKING = {"fp16": "fp32 (it has no fp16)", "bf16": "bf16 (imitated, it has none)"}
"""What happens on a processor without that arithmetic."""
_SUFFIX = ".openvino"
_FORMAT = "2"
"""To be changed when the same part is compiled to something else."""


class OpenVinoRunner(Runner):
    """A compiled part for one frame; those of a batch go through one by one.

    Each thread has a request of its own. Outputs have the dtypes of the graph.
    """

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
        rows = [
            self._run_one(request, [array[row : row + 1] for array in tensors])
            for row in range(len(tensors[0]))
        ]
        return rows[0] if len(rows) == 1 else tuple(map(np.concatenate, zip(*rows)))

    def _run_one(self, request: Any, tensors: List[np.ndarray]) -> Tensors:
        found = request.infer(tensors, share_inputs=True)
        # the request writes into the same memory next time
        return tuple(np.array(found[port]) for port in self._ports)

    def close(self) -> None:
        """See `Runner.close`."""
        self._local = threading.local()
        self._compiled = None


class OpenVinoEngine(Engine):
    """OpenVINO's CPU plugin.

    Args:
        device: `auto` or `cpu`.
        precision: `fp32`, `fp16`, `bf16` or `int8`. fp16 is calculated as fp32, and bf16 imitated,
            where the processor has no such arithmetic.
        feeders: threads that will run the network at once; they share the cores.
        calibration: folder of pictures, for `int8`.
        cores: see `engine_cores` of the configuration.

    Raises:
        EngineError: OpenVINO is not installed or has no such precision, or int8 without pictures.
    """

    starts_at = "resized"

    def __init__(
        self, device: str, precision: str, feeders: int, calibration: str = "", cores: int = 0
    ) -> None:
        if device == "gpu":
            raise EngineError("engine openvino runs on the CPU here; set device: auto or cpu")
        try:
            with importing():
                import openvino
        except ImportError:
            raise EngineError(
                "engine openvino is not installed: pip install 'splitdet[openvino]'"
            ) from None
        if precision not in _HINTS:
            known = ", ".join(_HINTS)
            raise EngineError(f"engine openvino has no precision {precision}; it has {known}")
        if precision == "int8" and not calibration:
            raise EngineError(NEEDED)
        self._openvino = openvino
        self._core = openvino.Core()
        self._precision = precision
        self._feeders = feeders
        self._calibration = calibration
        self._cores = usable_cores(cores)

    @property
    def description(self) -> str:
        """See `Engine.description`."""
        version = self._openvino.__version__.partition("-")[0]
        has = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        how = self._precision
        if how in _LACKING and how.upper() not in has:
            how = _LACKING[how]
        return f"OpenVINO {version} on the CPU, {how}"

    def compile(self, part: Part, on_cpu: Sequence[str]) -> Runner:
        """See `Engine.compile`. For INT8 it quantizes at first, which may take minutes."""
        options: Dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _HINTS[self._precision],
            "NUM_STREAMS": self._feeders,
            "INFERENCE_NUM_THREADS": self._cores,
        }
        size = _size_of(part)
        pictures: Optional[Pictures] = None
        if self._precision == "int8":
            if size is None:
                raise EngineError("int8 is for networks with one size of input; set precision: fp32")
            pictures = Pictures(self._calibration, size)
        key = self._key_of(part, pictures)
        data = load_checked(key, _SUFFIX) or b""
        compiled = self._import(data, options)
        if compiled is None:
            try:
                model = self._read(part)
                model.reshape([1, *(size or (-1, -1)), 3])
                if pictures is not None:
                    model = quantize(model, pictures)
                compiled = self._core.compile_model(model, "CPU", options)
                data = _bytes_of(compiled.export_model())
                store_checked(key, _SUFFIX, data)
            except RuntimeError as error:
                raise EngineError(f"OpenVINO cannot run this network: {_reason(error)}") from None
        return OpenVinoRunner(compiled, part.outputs, len(data))

    def _key_of(self, part: Part, pictures: Optional[Pictures]) -> str:
        """Changes with the network, the precision, versions, the processor and the pictures."""
        core = self._core
        return key_of(
            "openvino",
            _FORMAT,
            self._precision,
            part.data,
            "\n".join([*part.inputs, "", *part.outputs]),
            self._openvino.__version__,
            core.get_property("CPU", "FULL_DEVICE_NAME"),
            " ".join(sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))),
            quantizer_key(pictures) if pictures is not None else "",
        )

    def _import(self, data: bytes, options: Dict[str, Any]) -> Any:
        """What was compiled before; None where it is nothing, or nothing that this OpenVINO takes."""
        if not data:
            return None
        try:
            return self._core.import_model(data, "CPU", options)
        except RuntimeError:
            return None

    def _read(self, part: Part) -> Any:
        """OpenVINO takes networks from files only; it tells them apart by their suffix."""
        handle, path = tempfile.mkstemp(suffix=part.suffix)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(part.data)
            return self._core.read_model(path)
        finally:
            os.remove(path)


def _size_of(part: Part) -> Optional[Tuple[int, int]]:
    """Height and width of what a part takes; None where they vary, as those of frames do."""
    shape = part.input_shape
    if shape is None or (len(shape) == 4 and shape[1] is None and shape[2] is None):
        return None
    return frame_shape(part)[1:]


def _bytes_of(exported: Any) -> bytes:
    """Older versions give bytes, newer ones a stream."""
    return exported if isinstance(exported, bytes) else bytes(exported.getvalue())


def _reason(error: Exception) -> str:
    """A short reason; OpenVINO's own messages run over many lines. Its readers list what they do not
    know with dashes, and end with advice.
    """
    lines: List[str] = [line.strip() for line in str(error).splitlines() if line.strip()]
    listed = [line[2:].strip() for line in lines if line.startswith("--")]
    return "; ".join(listed or lines[-1:])[:200] or type(error).__name__
