"""TensorRT as engine: the network of a cut graph on an NVIDIA GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Sequence, Tuple

from splitdet.engines.base import Engine, Runner, frame_shape
from splitdet.engines.onnx_export import to_onnx
from splitdet.engines.tensorrt.api import find_api
from splitdet.engines.tensorrt.cache import ready_engine
from splitdet.engines.tensorrt.cuda import find_cuda
from splitdet.engines.tensorrt.options import BuildOptions
from splitdet.engines.tensorrt.runtime import TensorRTRunner
from splitdet.graph.cut import Part


class TensorRTEngine(Engine):
    """TensorRT 8.5 or newer.

    Args:
        options: what engines are built for. The same ones find an engine that `splitdet build` made.

    Raises:
        EngineError: TensorRT is not installed or too old, or there is no GPU.
    """

    starts_at: ClassVar[str] = "resized"

    def __init__(self, options: BuildOptions) -> None:
        self._api = find_api()
        self._options = options
        if options.target is None:
            find_cuda()

    @property
    def description(self) -> str:
        """See `Engine.description`."""
        device = "another GPU" if self._options.target else find_cuda().name
        return f"{self._api.description} on {device}, {self._options.precision}"

    def compile(self, part: Part, on_cpu: Sequence[str]) -> Runner:
        """See `Engine.compile`. Builds an engine, which may take minutes, unless there is one."""
        engine, _ = self.build(part)
        return TensorRTRunner(self._api, engine, part.outputs)

    def build(self, part: Part) -> Tuple[bytes, Path]:
        """The engine for a part, and its file, which is missing where it could not be written.

        Raises:
            EngineError: the part does not convert, or TensorRT cannot build it.
        """
        options = self._options
        batch, height, width = frame_shape(part)
        if batch is not None and (batch < options.batch or options.smaller_batches):
            # such graphs take one frame; the runner gives it one after the other
            options = replace(options, batch=batch, smaller_batches=False)
        rows = None if options.smaller_batches else options.batch
        onnx = to_onnx(part, (rows, height, width, 3))
        return ready_engine(self._api, onnx, options, f"building {options.precision}")
