"""An engine that resizes and suppresses by itself: ONNX Runtime between kernels that run on the CPU."""

from __future__ import annotations

from typing import ClassVar, Optional, Sequence, Tuple

import numpy as np

from kernels_on_cpu import CpuKernels
from splitdet.engines.base import Engine, Runner, Suppression, frame_shape
from splitdet.engines.onnxruntime import OnnxEngine
from splitdet.engines.tensorrt.kernels.suppress import can_suppress
from splitdet.graph.cut import Part
from splitdet.types import Tensors


class SuppressingEngine(Engine):
    """Stands in for TensorRT where there is no GPU."""

    starts_at: ClassVar[str] = "resized"

    def __init__(self, kernels: CpuKernels) -> None:
        self._kernels = kernels
        self._engine = OnnxEngine("cpu", "fp32", 1)

    @property
    def description(self) -> str:
        """See `Engine.description`."""
        return "ONNX Runtime between kernels"

    def compile(self, part: Part, on_cpu: Sequence[str]) -> Runner:
        """See `Engine.compile`."""
        return self._engine.compile(part, on_cpu)

    def compile_frames(self, part: Part, nms: Optional[Suppression] = None) -> Optional[Runner]:
        """See `Engine.compile_frames`."""
        if nms is not None and (nms.inside or not can_suppress(nms.settings)):
            return None
        network, size = self._engine.compile(part, ()), frame_shape(part)[1:]
        if nms is None:
            return _Runner(self._kernels, network, size)
        return _Suppressing(self._kernels, network, size, nms)


class _Runner(Runner):
    def __init__(self, kernels: CpuKernels, network: Runner, size: Tuple[int, int]) -> None:
        self._kernels = kernels
        self._network = network
        self._size = size

    def run(self, tensors: Tensors) -> Tensors:
        return self._network.run((self._kernels.resize(tensors, self._size),))

    def close(self) -> None:
        self._network.close()


class _Suppressing(_Runner):
    def __init__(
        self,
        kernels: CpuKernels,
        network: Runner,
        size: Tuple[int, int],
        nms: Suppression,
    ) -> None:
        super().__init__(kernels, network, size)
        self._nms = nms

    def run(self, tensors: Tensors) -> Tensors:
        scores, boxes = (np.ascontiguousarray(tensor) for tensor in super().run(tensors))
        statuses, counts, kept, kept_scores, classes = self._kernels.suppress(
            scores, boxes, self._nms.settings, self._nms.at_least()
        )
        left = np.flatnonzero(statuses)
        numbers = classes.astype(np.int64) + self._nms.settings.class_offset
        return (kept, kept_scores, numbers, counts, statuses, scores[left], boxes[left])
