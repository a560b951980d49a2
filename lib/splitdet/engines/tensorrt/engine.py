"""TensorRT as engine: the network of a cut graph on an NVIDIA GPU."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Optional, Sequence, Tuple

from splitdet.engines.base import Engine, Runner, Suppression, frame_shape
from splitdet.engines.cache import key_of, path_of
from splitdet.engines.onnx_export import onnx_key, to_onnx
from splitdet.engines.tensorrt.api import find_api
from splitdet.engines.tensorrt.cache import SUFFIX, engine_key, ready_engine
from splitdet.engines.tensorrt.copies import CopyExit
from splitdet.engines.tensorrt.cuda import find_cuda
from splitdet.engines.tensorrt.kernels.resize import FrameEntry
from splitdet.engines.tensorrt.kernels.suppress import SuppressExit, can_suppress
from splitdet.engines.tensorrt.lane import MakeExit
from splitdet.engines.tensorrt.options import BuildOptions
from splitdet.engines.tensorrt.plugin import OUTPUTS, PluginExit, append_nms
from splitdet.engines.tensorrt.runtime import TensorRTRunner
from splitdet.graph.cut import Part
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
        engine, core = self.build(part)[0], self._options.dla_core
        return TensorRTRunner(self._api, engine, part.outputs, dla_core=core)

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
        core = self._options.dla_core
        return TensorRTRunner(self._api, engine, outputs, FrameEntry, make_exit, dla_core=core)

    def build(
        self, part: Part, nms: Optional[NmsSettings] = None, anew: bool = False
    ) -> Tuple[bytes, Path]:
        """The engine for a part, and its file, which is missing where it could not be written.

        Args:
            nms: what the engine is to suppress by itself; None: nothing, it gives scores and boxes.
            anew: build it even where there is one.

        Raises:
            EngineError: the part does not convert, or TensorRT cannot build it.
        """
        options, shape = self._fitted(part)

        def make_onnx() -> bytes:
            onnx = to_onnx(part, shape)
            return onnx if nms is None else append_nms(onnx, nms)

        network = key_of(onnx_key(part, shape), repr(nms))
        title = f"building {options.precision}"
        return ready_engine(self._api, network, make_onnx, options, title, anew)

    def is_ready(self, part: Part) -> bool:
        """See `Engine.is_ready`: whether its engine was built before."""
        options, shape = self._fitted(part)
        network = key_of(onnx_key(part, shape), repr(None))
        return path_of(engine_key(self._api, network, options), SUFFIX).is_file()

    def _fitted(self, part: Part) -> Tuple[BuildOptions, Tuple[Optional[int], ...]]:
        """The options as far as the part can follow them, and the shape of its input."""
        options = self._options
        batch, height, width = frame_shape(part)
        if batch is not None and (batch < options.batch or options.smaller_batches):
            # such graphs take one frame; the runner gives it one after the other
            options = replace(options, batch=batch, fixed=True)
        return options, (None if options.smaller_batches else options.batch, height, width, 3)
