"""Resized frames into an engine, and its outputs back, by copies alone."""

from __future__ import annotations

from typing import Hashable, List, Sequence

import numpy as np

from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.engines.tensorrt.lane import Entry, Exit, Memory, Pinned, Tensor
from splitdet.errors import EngineError
from splitdet.types import Tensors


class CopyEntry(Entry):
    """Takes float32 or uint8 (B, ..) of the input's own shape."""

    def __init__(self, cuda: Cuda, target: Tensor) -> None:
        self._cuda = cuda
        self._target = target
        self._pinned = Pinned(cuda, target.size)
        self._host = self._pinned.array.view(target.dtype).reshape(target.shape)

    @property
    def size(self) -> Hashable:
        """See `Entry.size`."""
        return None

    def fill(self, images: Sequence[np.ndarray]) -> None:
        """See `Entry.fill`."""
        array, shape = np.asarray(images), self._target.shape
        if array.shape[1:] != shape[1:]:
            wanted = ", ".join(map(str, shape[1:]))
            raise EngineError(f"the engine takes (B, {wanted}); got {array.shape}")
        if array.dtype not in (np.float32, np.uint8):
            raise EngineError(f"the engine takes float32 or uint8; got {array.dtype}")
        self._host[: len(array)] = array  # and to the engine's own type

    def enqueue(self, rows: int, stream: int) -> None:
        """See `Entry.enqueue`."""
        target = self._target
        self._cuda.copy_to_device(target.address, self._pinned.address, rows * target.row_bytes, stream)

    def free(self) -> None:
        """See `Entry.free`."""
        self._pinned.free()


class CopyExit(Exit):
    """Gives the outputs as they are; half precision as float32."""

    def __init__(self, cuda: Cuda, outputs: Sequence[Tensor]) -> None:
        self._cuda = cuda
        self._outputs = list(outputs)
        self._memory = Memory(cuda)
        with self._memory.whole():
            self._pinned: List[Pinned] = [self._memory.pin(tensor.size) for tensor in outputs]

    def enqueue(self, rows: int, stream: int) -> None:
        """See `Exit.enqueue`."""
        for tensor, pinned in zip(self._outputs, self._pinned):
            self._cuda.copy_to_host(pinned.address, tensor.address, rows * tensor.row_bytes, stream)

    def take(self, rows: int) -> Tensors:
        """See `Exit.take`."""
        return tuple(
            np.array(
                pinned.array.view(tensor.dtype).reshape(tensor.shape)[:rows],
                np.float32 if tensor.dtype == np.float16 else None,
            )
            for tensor, pinned in zip(self._outputs, self._pinned)
        )

    def free(self) -> None:
        """See `Exit.free`."""
        self._memory.free()
