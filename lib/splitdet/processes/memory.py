"""Memory that processes share."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from multiprocessing import reduction
from typing import Any, Callable, List, Optional, Tuple

import numpy as np

from splitdet.files import reserve

SHARED_MEMORY_FOLDER = "/dev/shm"


def shared_folders() -> List[str]:
    """Where shared files may lie, best first: in memory, then on a disk, which the kernel caches."""
    in_memory = [SHARED_MEMORY_FOLDER] if os.path.isdir(SHARED_MEMORY_FOLDER) else []
    return [*in_memory, tempfile.gettempdir()]


class SharedFile:
    """A file that has no name, mapped into this process and into those that it is sent to.

    Python's own `multiprocessing.shared_memory` has names, which stay behind when a process is
    killed before it removes them; and Python 3.7 does not have it. Here the kernel frees all with
    the last process that has the file open, however that process ended.

    It can be sent as an argument of a `Worker`, and only so.

    Args:
        folder: see `shared_folders`.

    Raises:
        OSError: no file can be made there.
    """

    def __init__(self, folder: str) -> None:
        with tempfile.TemporaryFile(dir=folder) as file:
            self._keep(os.dup(file.fileno()))

    def _keep(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._mapped: Optional[mmap.mmap] = None
        weakref.finalize(self, os.close, descriptor)

    def claim(self, size_bytes: int) -> None:
        """Let it grow to `size_bytes`, all zeros; see `reserve`.

        Raises:
            OSError: there is no room for it.
        """
        reserve(self._descriptor, size_bytes)

    def array(self, offset: int, shape: Tuple[int, ...]) -> np.ndarray:
        """A view of its bytes: uint8 of `shape`, which keeps them in memory as long as it lives."""
        count = int(np.prod(shape))
        if self._mapped is None or len(self._mapped) < offset + count:
            self._mapped = mmap.mmap(self._descriptor, 0)  # all of it, as large as it is now
        return np.frombuffer(self._mapped, np.uint8, count, offset).reshape(shape)

    def __reduce__(self) -> Tuple[Callable[[Any], SharedFile], Tuple[Any]]:
        return _received, (reduction.DupFd(self._descriptor),)


def _received(sent: Any) -> SharedFile:
    """The file in the process that it was sent to."""
    shared = SharedFile.__new__(SharedFile)
    shared._keep(sent.detach())
    return shared
