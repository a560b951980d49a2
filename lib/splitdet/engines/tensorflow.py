"""TensorFlow as engine: one session for each part, on the GPU or on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np

from splitdet import compat
from splitdet.engines.base import EVERYTHING, Engine, Runner, refusing, usable_cores
from splitdet.errors import EngineError
from splitdet.graph.cut import GraphPart, Part
from splitdet.types import Tensors


@dataclass(frozen=True)
class SessionOptions:
    """Settings of TensorFlow's sessions, named as in config.yml."""

    allow_memory_growth: bool = True
    force_gpu_compatible: bool = False
    log_device: bool = False
    feeders: int = 1
    """Threads that will call the network at once; they share the cores."""
    tf32: bool = False
    """See `compat.use_tf32`."""
    cores: int = 0
    """See `engine_cores` of the configuration."""


class TensorFlowRunner(Runner):
    """A session that holds one part of a graph."""

    def __init__(
        self, part: GraphPart, options: SessionOptions, device: str, on_cpu: Sequence[str]
    ) -> None:
        tf = compat.tensorflow()
        data = part.data
        self.size_bytes = len(data)
        graph_def = tf.GraphDef.FromString(data)
        everything = tuple(on_cpu) == EVERYTHING
        use_gpu = device == "gpu" and not everything
        for node in graph_def.node:
            on_gpu = use_gpu and not node.name.startswith(tuple(on_cpu))
            node.device = "/device:GPU:0" if on_gpu else "/device:CPU:0"
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(graph_def, name="")
        config = tf.ConfigProto(
            allow_soft_placement=True,
            log_device_placement=options.log_device,
            device_count={} if use_gpu else {"GPU": 0},
        )
        if not use_gpu:
            # Two frames on half of the cores each beat one frame on all of them, and the small
            # operations of the NMS gain nothing from several threads.
            cores = usable_cores(options.cores)
            config.intra_op_parallelism_threads = 1 if everything else max(1, cores // options.feeders)
            config.inter_op_parallelism_threads = cores
            config.use_per_session_threads = True
        config.gpu_options.allow_growth = options.allow_memory_growth
        config.gpu_options.force_gpu_compatible = options.force_gpu_compatible
        self._session: Any = tf.Session(graph=graph, config=config)
        self._call = self._session.make_callable(list(part.outputs), list(part.inputs))

    def run(self, tensors: Tensors) -> Tensors:
        """See `Runner.run`."""
        return tuple(np.asarray(array) for array in self._call(*tensors))

    def close(self) -> None:
        """See `Runner.close`."""
        self._session.close()


class TensorFlowEngine(Engine):
    """TensorFlow 1.15 or 2.x.

    Args:
        device: `auto` takes a GPU where there is one, `cpu` and `gpu` insist.

    Raises:
        EngineError: TensorFlow does not load, or `gpu` was asked for and there is none.
    """

    def __init__(self, device: str, options: SessionOptions) -> None:
        self._options = options
        found = compat.gpus()
        compat.use_tf32(options.tf32)
        if device == "gpu" and not found:
            raise EngineError(
                f"device is gpu, but TensorFlow {compat.version()} finds none; set device: auto or cpu, "
                "or pip install 'tensorflow[and-cuda]'"
            )
        if device == "auto":
            compat.warn_of_idle_gpu()
        self._device = "gpu" if found and device != "cpu" else "cpu"

    @property
    def description(self) -> str:
        """See `Engine.description`."""
        precision = ", tf32" if self._options.tf32 else ""
        return f"TensorFlow {compat.version()} on the {self._device.upper()}{precision}"

    def compile(self, part: Part, on_cpu: Sequence[str]) -> Runner:
        """See `Engine.compile`."""
        if not isinstance(part, GraphPart):
            raise EngineError(f"TensorFlow does not run the part {part.name!r}, which is {part.suffix}")
        with refusing(f"TensorFlow {compat.version()}"):
            return TensorFlowRunner(part, self._options, self._device, on_cpu)
