"""Frames into an engine's input, resized on the GPU."""

from __future__ import annotations

from typing import Hashable, Optional, Sequence

import numpy as np

from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.engines.tensorrt.kernels import THREADS, Address, find_kernels
from splitdet.engines.tensorrt.lane import Entry, Pinned, Tensor
from splitdet.errors import EngineError
from splitdet.resize import needed_rows
from splitdet.types import check_image


class FrameEntry(Entry):
    """Takes frames of one size, uint8 (H, W, 3), BGR, with the bits of `resize.resize_bilinear`.

    Only the rows that the resize reads are copied: of 720, for a network of 300, 600.

    Args:
        target: float32 (B, h, w, 3).
    """

    def __init__(self, cuda: Cuda, target: Tensor) -> None:
        self._cuda = cuda
        self._kernels = find_kernels(cuda)
        self._target = target
        self._room: Optional[_Room] = None

    @property
    def size(self) -> Hashable:
        """See `Entry.size`."""
        return self._room and (self._room.height, self._room.width)

    def fill(self, images: Sequence[np.ndarray]) -> None:
        """See `Entry.fill`."""
        height, width = images[0].shape[:2]
        for image in images:
            check_image(image)
            if image.shape[:2] != (height, width):
                raise EngineError(f"frames of one size: got {images[0].shape} and {image.shape}")
        if self.size != (height, width):
            self.free()
            self._room = _Room(self._cuda, self._target, height, width)
        assert self._room is not None
        rows = self._room.rows
        for image, place in zip(images, self._room.frames):
            # neither holds the interpreter; clip: no index is out of range, so nothing is copied twice
            if rows.all_needed:
                np.copyto(place, image)
            else:
                np.ascontiguousarray(image).take(rows.needed, 0, place, "clip")

    def enqueue(self, rows: int, stream: int) -> None:
        """See `Entry.enqueue`."""
        room = self._room
        assert room is not None
        self._cuda.copy_to_device(
            room.address, room.pinned.address, rows * room.frames[0].nbytes, stream
        )
        _, height, width, _ = self._target.shape
        scale = np.float32(room.width) / np.float32(width)
        addresses = [Address(place) for place in (room.address, *room.tables, self._target.address)]
        sizes = [len(room.rows.needed), room.width, height, width, float(scale)]
        grid = (-(-width // THREADS), height, rows)
        self._kernels.run("resize", grid, [*addresses, *sizes], stream)

    def free(self) -> None:
        """See `Entry.free`."""
        if self._room is not None:
            self._room.free()
            self._room = None


class _Room:
    """Memory and tables for frames of one size."""

    def __init__(self, cuda: Cuda, target: Tensor, height: int, width: int) -> None:
        self._cuda = cuda
        self.height, self.width = height, width
        self.rows = needed_rows(height, target.shape[1])
        shape = (target.shape[0], len(self.rows.needed), width, 3)
        size = int(np.prod(shape, dtype=np.int64))
        self.pinned = Pinned(cuda, size)
        self.frames = self.pinned.array.reshape(shape)
        self.address = cuda.allocate(size)
        self.tables = []
        for table in (self.rows.above, self.rows.below, self.rows.share):
            self.tables.append(cuda.allocate(table.nbytes))
            cuda.fill_device(self.tables[-1], table)

    def free(self) -> None:
        """Give it back."""
        self.pinned.free()
        for address in (self.address, *self.tables):
            self._cuda.free(address)
