"""Pictures that go from one process to others without being sent."""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from splitdet.processes.memory import SharedFile, shared_folders

_PAGE_BYTES = 4096
log = logging.getLogger(__name__)


class NoRoom(Exception):
    """There is not enough shared memory on this machine; the message says where was looked."""


class Slot(NamedTuple):
    """Where a picture lies in a ring: all that has to be told to another process."""

    file: int
    offset: int
    shape: Tuple[int, ...]


class Ring:
    """A fixed number of slots for pictures, in memory that several processes see.

    One process puts pictures in and gets their slots back; the others, which got the ring as an
    argument of a `Worker`, look at them. What travels is the `Slot` alone.

    Slots are as large as the largest picture so far. For a larger one all are laid out anew, once
    every slot has been given back. Safe from several threads.

    Args:
        slots: how many pictures it holds.
        folders: see `shared_folders`; the next one is used, with a warning, where one is too small.

    Raises:
        NoRoom: no file can be shared on this machine.
    """

    def __init__(self, slots: int, folders: Optional[Sequence[str]] = None) -> None:
        if sys.platform == "win32":  # has no files without names
            raise NoRoom("pictures are not shared between processes on Windows")
        self._folders: List[str] = []
        self._files: List[SharedFile] = []
        problems: List[str] = []
        for folder in shared_folders() if folders is None else folders:
            try:
                self._files.append(SharedFile(folder))
                self._folders.append(folder)
            except OSError as error:
                problems.append(f"{folder}: {error.strerror}")
        if not self._files:
            raise NoRoom("no shared memory ({})".format(", ".join(problems)))
        self._used = 0  # the file in use
        self._slots = slots
        self._slot_bytes = 0
        self._free: Deque[int] = deque(range(slots))
        self._changed = threading.Condition()

    def __getstate__(self) -> Dict[str, Any]:
        """Other processes only look."""
        return {"_files": self._files}

    def reserve(self, picture_bytes: int) -> None:
        """Make all slots large enough for such a picture; none may be in use.

        Raises:
            NoRoom: there is not enough memory.
        """
        with self._changed:
            if picture_bytes > self._slot_bytes:
                self._grow(picture_bytes)

    def put(self, picture: np.ndarray, wait: bool = False) -> Optional[Slot]:
        """Copy a picture into a free slot.

        Args:
            picture: uint8, of any shape.
            wait: for a slot, where none is free.

        Returns:
            the slot, which `give_back` must follow; None where none is free.

        Raises:
            NoRoom: it needs larger slots than there is memory for.
        """
        with self._changed:
            while not self._has_place(picture.nbytes):
                if not wait:
                    return None
                self._changed.wait()
            if picture.nbytes > self._slot_bytes:
                self._grow(picture.nbytes)
            slot = Slot(self._used, self._free.popleft() * self._slot_bytes, picture.shape)
            view = self.view(slot)
        np.copyto(view, picture)
        return slot

    def view(self, slot: Slot) -> np.ndarray:
        """The picture in a slot, uint8; not to be looked at after the slot was given back."""
        return self._files[slot.file].array(slot.offset, slot.shape)

    def give_back(self, slot: Slot) -> None:
        """Nobody looks at the slot any more."""
        with self._changed:
            self._free.append(slot.offset // self._slot_bytes)
            self._changed.notify_all()  # one may wait for a slot, another for all of them

    def _has_place(self, picture_bytes: int) -> bool:
        needed = self._slots if picture_bytes > self._slot_bytes else 1
        return len(self._free) >= needed

    def _grow(self, picture_bytes: int) -> None:
        slot_bytes = -(-picture_bytes // _PAGE_BYTES) * _PAGE_BYTES
        wanted = f"no room for {slot_bytes * self._slots / 2**20:.0f} MiB of shared memory"
        problems: List[str] = []
        for number in range(self._used, len(self._files)):
            try:
                self._files[number].claim(slot_bytes * self._slots)
            except OSError as error:
                problems.append(f"{self._folders[number]}: {error.strerror}")
                continue
            if problems:
                log.warning(
                    "%s (%s): using a file in %s, which is slower",
                    *(wanted, ", ".join(problems), self._folders[number]),
                )
            self._used, self._slot_bytes = number, slot_bytes
            return
        raise NoRoom("{} ({})".format(wanted, ", ".join(problems)))
