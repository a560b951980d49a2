"""An engine's scores and boxes to detections, suppressed on the GPU."""

from __future__ import annotations

from itertools import accumulate
from typing import Callable, Sequence

import numpy as np

from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.engines.tensorrt.kernels import THREADS, Address, find_kernels
from splitdet.engines.tensorrt.lane import Exit, Memory, Tensor
from splitdet.nms import Clip, NmsSettings, Ties
from splitdet.types import Tensors

CAPACITY = 1024
"""Scores over the threshold that a frame may have; one with more is left to the host."""
_BYTES_EACH = 29
"""Shared memory that `suppress` in kernels.cu needs for one of them."""
_UNIT = (0.0, 0.0, 1.0, 1.0)
"""What boxes of a frame without padding are clipped to."""


def can_suppress(settings: NmsSettings) -> bool:
    """Whether the kernels do what these settings say."""
    return (
        settings.ties == Ties.BY_INDEX
        and settings.clip in (Clip.NEVER, Clip.BEFORE)
        # parts of the whole frame are what they were
        and (settings.window or _UNIT) == _UNIT
        and not settings.equal_suppresses
        and not settings.repeats_flat
    )


class SuppressExit(Exit):
    """Gives what `plan.SuppressedBack` takes.

    Args:
        outputs: scores, float32 (B, N, C), and boxes, float32 (B, N, 1 or C, 4).
        at_least: gives the least score that is wanted; see `nms.suppress`.
    """

    def __init__(
        self,
        cuda: Cuda,
        outputs: Sequence[Tensor],
        settings: NmsSettings,
        at_least: Callable[[], float],
    ) -> None:
        self._cuda = cuda
        self._kernels = find_kernels(cuda)
        self._scores, self._boxes = outputs
        self._settings = settings
        self._at_least = at_least
        self._batch, self._rows, self._classes = self._scores.shape
        most = self._batch * settings.max_total
        # boxes first: they are read and written four floats at a time
        self._words = list(accumulate([0, 4 * most, most, most, self._batch, self._batch]))
        self._memory = memory = Memory(cuda)
        with memory.whole():
            self._lowest_score = memory.pin(4)
            self._lowest = memory.allocate(4)
            self._keys = memory.allocate(self._batch * CAPACITY * 8)
            self._counts = memory.allocate(self._batch * 4)
            self._results = memory.allocate(self._words[-1] * 4)
            self._pinned = memory.pin(self._words[-1] * 4)

    def prepare(self) -> None:
        """See `Exit.prepare`."""
        self._lowest_score.array.view(np.float32)[0] = self._settings.lowest(self._at_least())

    def enqueue(self, rows: int, stream: int) -> None:
        """See `Exit.enqueue`."""
        settings, keys, counts = self._settings, Address(self._keys), Address(self._counts)
        self._cuda.clear(counts, rows, stream)
        self._cuda.copy_to_device(self._lowest, self._lowest_score.address, 4, stream)
        # four scores a thread: enough blocks for any GPU, and not too many to start
        blocks = -(-self._rows * self._classes // (4 * THREADS))
        self._kernels.run(
            *("choose", (blocks, rows, 1)),
            [
                *(Address(self._scores.address), Address(self._lowest), keys, counts),
                *(self._rows, self._classes, CAPACITY),
            ],
            stream,
        )
        boxes, scores, classes, numbers, statuses = (
            Address(self._results + 4 * word) for word in self._words[:-1]
        )
        self._kernels.run(
            *("suppress", (rows, 1, 1)),
            [
                *(keys, counts, Address(self._boxes.address)),
                *(statuses, numbers, boxes, scores, classes),
                *(self._rows, self._boxes.shape[2], CAPACITY),
                *(settings.max_per_class, settings.max_total),
                *(int(settings.clip == Clip.BEFORE), *_UNIT),
                *(int(settings.drops_flat), float(np.float32(settings.iou_threshold))),
            ],
            stream,
            CAPACITY * _BYTES_EACH,
        )
        self._cuda.copy_to_host(self._pinned.address, self._results, self._words[-1] * 4, stream)

    def take(self, rows: int) -> Tensors:
        """See `Exit.take`."""
        words = self._pinned.array.view(np.int32).copy()
        boxes, scores, classes, numbers, statuses = (
            words[begin:end].reshape(self._batch, -1)[:rows]
            for begin, end in zip(self._words, self._words[1:])
        )
        left = np.flatnonzero(statuses)
        return (
            boxes.view(np.float32).reshape(rows, -1, 4),
            scores.view(np.float32),
            classes.astype(np.int64) + self._settings.class_offset,
            numbers[:, 0],
            statuses[:, 0],
            self._fetch(self._scores, left),
            self._fetch(self._boxes, left),
        )

    def _fetch(self, tensor: Tensor, rows: np.ndarray) -> np.ndarray:
        """Some rows of an output, which still lies on the GPU."""
        found = np.empty((len(rows), *tensor.shape[1:]), np.float32)
        for place, row in zip(found, rows.tolist()):
            self._cuda.read_device(place, tensor.address + row * tensor.row_bytes)
        return found

    def free(self) -> None:
        """See `Exit.free`."""
        self._memory.free()
