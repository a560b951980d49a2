"""Frames into an engine's input, resized on the GPU."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Hashable, Optional, Sequence, Tuple

import numpy as np

from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.engines.tensorrt.kernels import THREADS, Address, find_kernels
from splitdet.engines.tensorrt.lane import Entry, Memory, Tensor
from splitdet.engines.tensorrt.pictures import GpuPicture
from splitdet.errors import EngineError
from splitdet.resize import needed_rows
from splitdet.types import RemotePicture, check_image


class FrameEntry(Entry):
    """Takes frames of one size, with the bits of `resize.resize_bilinear`.

    They are uint8 (H, W, 3), BGR, or `GpuPicture`, which stay on the GPU unless others are among them.
    Of those on the host only the rows that the resize reads are copied: of 720, for a network of 300,
    600.

    Args:
        target: float32 (B, h, w, 3).
    """

    reads_remote = True

    def __init__(self, cuda: Cuda, target: Tensor) -> None:
        self._cuda = cuda
        self._kernels = find_kernels(cuda)
        self._target = target
        self._room: Optional[_Room] = None

    @property
    def size(self) -> Hashable:
        """See `Entry.size`."""
        return self._room and (type(self._room), self._room.height, self._room.width)

    def fill(self, images: Sequence[Any]) -> None:
        """See `Entry.fill`."""
        kind = _GpuRoom if all(isinstance(image, GpuPicture) for image in images) else _HostRoom
        if kind is _HostRoom:
            images = [image.fetch() if isinstance(image, RemotePicture) else image for image in images]
            for image in images:
                check_image(image)
        height, width = images[0].shape[:2]
        for image in images:
            if image.shape[:2] != (height, width):
                raise EngineError(f"frames of one size: got {images[0].shape} and {image.shape}")
        if self.size != (kind, height, width):
            self.free()
            self._room = kind(self._cuda, self._target, height, width)
        assert self._room is not None
        self._room.fill(images)

    def enqueue(self, rows: int, stream: int) -> None:
        """See `Entry.enqueue`."""
        room = self._room
        assert room is not None
        room.enqueue(rows, stream)
        _, height, width, _ = self._target.shape
        scale = np.float32(room.width) / np.float32(width)
        addresses = [Address(place) for place in (room.address, *room.tables, self._target.address)]
        sizes = [room.row_count, room.width, height, width, float(scale), int(room.is_rgb)]
        grid = (-(-width // THREADS), height, rows)
        self._kernels.run("resize", grid, [*addresses, *sizes], stream)

    def free(self) -> None:
        """See `Entry.free`."""
        if self._room is not None:
            self._room.free()
            self._room = None


class _Room(ABC):
    """Memory on the GPU and tables for frames of one size.

    Args:
        size_px: height and width of the frames.
        row_count: rows of a frame that lie in it.
        tables: above, below and share of `Rows`, as places in these rows.
    """

    is_rgb: ClassVar[bool]

    def __init__(
        self,
        cuda: Cuda,
        target: Tensor,
        size_px: Tuple[int, int],
        row_count: int,
        tables: Sequence[np.ndarray],
    ) -> None:
        self._cuda = cuda
        self.height, self.width = size_px
        self.row_count = row_count
        self.shape = (target.shape[0], row_count, self.width, 3)
        self.frame_bytes = row_count * self.width * 3
        self._memory = Memory(cuda)
        with self._memory.whole():
            self.address = self._memory.allocate(target.shape[0] * self.frame_bytes)
            self.tables = [self._memory.allocate(table.nbytes) for table in tables]
            for address, table in zip(self.tables, tables):
                cuda.fill_device(address, table)

    @abstractmethod
    def fill(self, images: Sequence[Any]) -> None:
        """See `Entry.fill`."""

    @abstractmethod
    def enqueue(self, rows: int, stream: int) -> None:
        """Bring so many frames to `address`, later."""

    def free(self) -> None:
        """Give it back."""
        self._memory.free()


class _HostRoom(_Room):
    """For frames in this process's memory: they are copied by way of memory that the GPU reads."""

    is_rgb = False

    def __init__(self, cuda: Cuda, target: Tensor, height: int, width: int) -> None:
        self._rows = rows = needed_rows(height, target.shape[1])
        tables = (rows.above, rows.below, rows.share)
        super().__init__(cuda, target, (height, width), len(rows.needed), tables)
        with self._memory.whole():
            self._pinned = self._memory.pin(target.shape[0] * self.frame_bytes)
        self._frames = self._pinned.array.reshape(self.shape)

    def fill(self, images: Sequence[np.ndarray]) -> None:
        """See `Entry.fill`."""
        for image, place in zip(images, self._frames):
            # neither holds the interpreter; clip: no index is out of range, so nothing is copied twice
            if self._rows.all_needed:
                np.copyto(place, image)
            else:
                np.ascontiguousarray(image).take(self._rows.needed, 0, place, "clip")

    def enqueue(self, rows: int, stream: int) -> None:
        """See `_Room.enqueue`."""
        self._cuda.copy_to_device(self.address, self._pinned.address, rows * self.frame_bytes, stream)


class _GpuRoom(_Room):
    """For frames that are on the GPU: they are put side by side at once, and stay there."""

    is_rgb = True

    def __init__(self, cuda: Cuda, target: Tensor, height: int, width: int) -> None:
        rows = needed_rows(height, target.shape[1])
        places = rows.needed.astype(np.int32)
        tables = (places[rows.above], places[rows.below], rows.share)
        super().__init__(cuda, target, (height, width), height, tables)
        with self._memory.whole():
            self._stream = self._memory.stream()

    def fill(self, images: Sequence[GpuPicture]) -> None:
        """See `Entry.fill`."""
        for place, image in enumerate(images):
            target = self.address + place * self.frame_bytes
            self._cuda.copy_on_device(target, image.address, self.frame_bytes, self._stream)
        self._cuda.synchronize(self._stream)  # the memory of a picture may go with it

    def enqueue(self, rows: int, stream: int) -> None:
        """See `_Room.enqueue`."""
        return
