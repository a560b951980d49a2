"""Pictures in the memory of a GPU."""

from __future__ import annotations

import threading
from typing import List, Optional, Tuple

import cv2
import numpy as np

from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.errors import EngineError
from splitdet.types import RemotePicture


class GpuPicture(RemotePicture):
    """A picture on the GPU, RGB; its memory goes back to the pool with it.

    Attributes:
        address: of uint8 (H, W, 3), RGB, contiguous.
    """

    def __init__(self, pool: PicturePool, address: int) -> None:
        self.address = address
        self._pool = pool
        self._lock = threading.Lock()
        self._fetched: Optional[np.ndarray] = None

    @property
    def shape(self) -> Tuple[int, int, int]:
        """See `RemotePicture.shape`."""
        return self._pool.shape

    def fetch(self) -> np.ndarray:
        """See `RemotePicture.fetch`.

        Raises:
            EngineError: the GPU failed.
        """
        with self._lock:
            if self._fetched is None:
                self._fetched = self._pool.read(self.address)
            return self._fetched

    def __del__(self) -> None:
        self._pool.give_back(self.address)


class PicturePool:
    """Memory for pictures of one size, used again and again; any thread may use it.

    As many pictures lie in it as are alive at one time. It goes when nobody holds it or any of them.
    """

    def __init__(self, cuda: Cuda, height: int, width: int) -> None:
        self.shape = (height, width, 3)
        self._cuda = cuda
        self._size = height * width * 3
        self._free: List[int] = []

    def copy_of(self, address: int, stream: int) -> GpuPicture:
        """A picture of its own of what lies at `address` once the work on `stream` is done.

        Raises:
            EngineError: not enough memory on the GPU, or it failed.
        """
        picture = GpuPicture(self, self._free.pop() if self._free else self._cuda.allocate(self._size))
        self._cuda.copy_on_device(picture.address, address, self._size, stream)
        self._cuda.synchronize(stream)
        return picture

    def read(self, address: int) -> np.ndarray:
        """See `RemotePicture.fetch`."""
        self._cuda.activate()
        image = np.empty(self.shape, np.uint8)
        self._cuda.read_device(image, address)
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        image.flags.writeable = False
        return image

    def give_back(self, address: int) -> None:
        """The memory of a picture that is gone."""
        self._free.append(address)

    def __del__(self) -> None:
        try:
            self._cuda.activate()
            for address in self._free:
                self._cuda.free(address)
        except EngineError:
            pass  # after an error on the GPU every call fails; the memory goes with the process
