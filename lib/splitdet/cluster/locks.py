"""Locks between processes of a machine, which the kernel gives back however a process ends."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator, Optional

from splitdet.errors import SinkError


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """While it is open, no other run writes to `folder`.

    Raises:
        SinkError: another one does.
    """
    with open(str(folder / "lock"), "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SinkError(f"{folder}: another run writes there; wait for it, or stop it") from None
        except OSError:
            pass  # a file system without locks; two runs would then do work twice, and harm nothing
        yield


@contextmanager
def one_first(name: str) -> Iterator[None]:
    """The first process of this machine goes in alone, and the others after it, side by side.

    Raises:
        SinkError: its file cannot be had.
    """
    with _lock_file(name) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(file, fcntl.LOCK_SH)
        yield


def claim_cores(count: int) -> Optional[IO[str]]:
    """Run on `count` cores that no other process has claimed, while the file that is given is open.

    Libraries start as many threads as they see cores, so what shares a machine must share its cores.
    None where no cores are left: then all are shared.

    Raises:
        SinkError: its file cannot be had.
    """
    if not hasattr(os, "sched_setaffinity"):  # macOS
        return None
    cores = sorted(os.sched_getaffinity(0))
    for begin in range(0, len(cores) - count + 1, count):
        file = _lock_file(f"cores-{count}-{begin}")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        os.sched_setaffinity(0, cores[begin : begin + count])
        return file
    return None


def _lock_file(name: str) -> IO[str]:
    path = os.path.join(tempfile.gettempdir(), f"splitdet-{os.getuid()}-{name}.lock")
    try:
        # others may write to that folder: what they have put there is neither followed nor emptied
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SinkError(
            f"{path}: {error.strerror}; remove it, or set TMPDIR to another folder"
        ) from None
    return os.fdopen(descriptor, "w", encoding="utf-8")
