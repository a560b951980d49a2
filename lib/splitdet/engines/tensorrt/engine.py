"""TensorRT as engine: the network of a cut graph on an NVIDIA GPU."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Optional, Sequence, Tuple

from splitdet.engines.base import Engine, Runner, Suppression
from splitdet.engines.cache import key_of
from splitdet.engines.onnx_export import onnx_key, to_onnx
from splitdet.engines.tensorrt.api import find_api
from splitdet.engines.tensorrt.cache import ready_engine
from splitdet.engines.tensorrt.copies import CopyExit
from splitdet.engines.tensorrt.cuda import find_cuda
from splitdet.engines.tensorrt.kernels.resize import FrameEntry
from splitdet.engines.tensorrt.kernels.suppress import SuppressExit, can_suppress
from splitdet.engines.tensorrt.lane import MakeExit
from splitdet.engines.tensorrt.options import BuildOptions
from splitdet.engines.tensorrt.plugin import OUTPUTS, PluginExit, append_nms
from splitdet.engines.tensorrt.runtime import TensorRTRunner
from splitdet.errors import EngineError
from splitdet.graph.cut import Part, Shape
from splitdet.nms import NmsSettings


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
        return TensorRTRunner(self._api, self.build(part)[0], part.outputs)

    def compile_frames(self, part: Part, nms: Optional[Suppression] = None) -> Optional[Runner]:
        """See `Engine.compile_frames`. The operation is TensorRT's plugin EfficientNMS_TRT."""
        make_exit: MakeExit = CopyExit
        outputs: Sequence[str] = part.outputs
        within: Optional[NmsSettings] = None
        if nms is not None and nms.inside:
            self._api.load_plugins()
            within, outputs = nms.settings, OUTPUTS
            make_exit = partial(PluginExit, settings=nms.settings)
        elif nms is not None:
            if not can_suppress(nms.settings):
                return None
            make_exit = partial(SuppressExit, settings=nms.settings, at_least=nms.at_least)
        engine, _ = self.build(part, within)
        return TensorRTRunner(self._api, engine, outputs, FrameEntry, make_exit)

    def build(self, part: Part, nms: Optional[NmsSettings] = None) -> Tuple[bytes, Path]:
        """The engine for a part, and its file, which is missing where it could not be written.

        Args:
            nms: what the engine is to suppress by itself; None: nothing, it gives scores and boxes.

        Raises:
            EngineError: the part does not convert, or TensorRT cannot build it.
        """
        options = self._options
        batch, height, width = input_size(part.input_shape)
        if batch is not None and (batch < options.batch or options.smaller_batches):
            # such graphs take one frame; the runner gives it one after the other
            options = replace(options, batch=batch, smaller_batches=False)
        shape = (None if options.smaller_batches else options.batch, height, width, 3)
        network = key_of(onnx_key(part, shape), repr(nms))

        def make_onnx() -> bytes:
            onnx = to_onnx(part, shape)
            return onnx if nms is None else append_nms(onnx, nms)

        return ready_engine(
            self._api, network, make_onnx, options, f"building {options.precision}"
        )


def input_size(shape: Shape) -> Tuple[Optional[int], int, int]:
    """Batch, None where it varies; height and width.

    Raises:
        EngineError: its size is not known.
    """
    if shape is None or len(shape) != 4 or shape[1] is None or shape[2] is None or shape[3] != 3:
        raise EngineError(f"engine tensorrt runs parts that take (B, H, W, 3), and not {shape}")
    return shape[0], shape[1], shape[2]
