"""Files that appear whole or not at all, and room on the disk for those that grow."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Iterator

PARTIAL_SUFFIX = ".part"
"""How the names of files end that are not whole yet."""


@contextmanager
def partial_of(path: Path) -> Iterator[Path]:
    """The path of a file to be made that becomes `path` at the end; after an error nothing is left.

    It lies beside `path`, in a folder that is made where it is missing, under a name that no other
    process and no other thread takes.

    Raises:
        OSError: the folder cannot be made, or there is no such file at the end.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}{PARTIAL_SUFFIX}")
    try:
        yield partial
        os.replace(str(partial), str(path))
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that becomes `path` at the end; see `partial_of`.

    Raises:
        OSError: the folder cannot be made, or the file cannot be written.
    """
    with partial_of(path) as partial, open(str(partial), "xb") as file:
        yield file


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to a file that appears whole or not at all; see `written_whole`."""
    with written_whole(path) as file:
        file.write(data)


def reserve(descriptor: int, size_bytes: int) -> None:
    """Let an open file grow to `size_bytes`, all zeros, and take the space for it at once.

    Otherwise a file system that is full would kill the process that later writes to the file where it
    is mapped into memory (SIGBUS). Where there is no room for it, the file stays as it was.

    Raises:
        OSError: there is no room for it.
    """
    before = os.fstat(descriptor).st_size
    allocate = getattr(os, "posix_fallocate", None)  # macOS has none
    try:
        if allocate is not None:
            allocate(descriptor, 0, size_bytes)
        else:
            os.ftruncate(descriptor, size_bytes)
    except OSError:
        os.ftruncate(descriptor, before)
        raise
