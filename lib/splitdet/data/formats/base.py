"""What every format has: a reader and a writer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Set

from splitdet.data.findings import Finding, Findings
from splitdet.data.label_map import LABEL_MAP, as_pbtxt, ids_of
from splitdet.data.places import part_of, part_of_folder, safe_name
from splitdet.data.records import Record
from splitdet.labels import Labels

OTHER_TEXTS = (
    *("classes.txt", "labels.txt", "label_map.txt", "readme.txt"),
    *("train.txt", "val.txt", "valid.txt", "test.txt", "trainval.txt"),
)
"""Text files that often lie beside those with boxes, and have none."""


class Reader(ABC):
    """A dataset on disk: a row of places, each with a picture and its boxes.

    Opening it is quick, and any place can be read by itself. What is broken is reported and costs
    nothing but itself.

    Args:
        path: a folder or a file that `recognises` takes.
        labels: names of class ids, for formats that have ids only.
    """

    def __init__(self, path: Path, labels: Optional[Labels] = None) -> None:
        self.path = path
        self.labels = labels
        self.root = path if path.is_dir() else path.parent
        """The folder of the dataset; nothing outside of it is read."""
        self.own_part = part_of(path.name) if path.is_file() else part_of_folder(path.name)
        """The part of records whose place tells none: what the dataset itself is called after."""
        self.findings: List[Finding] = []
        """What was wrong already when it was opened."""

    @classmethod
    @abstractmethod
    def recognises(cls, path: Path) -> bool:
        """Whether something looks like this format."""

    @abstractmethod
    def __len__(self) -> int:
        """How many places there are."""

    @abstractmethod
    def read(self, index: int, findings: Findings) -> Optional[Record]:
        """The record at a place; None where it cannot be read, and `findings` then tells why."""

    def own_labels(self) -> Dict[int, str]:
        """Class ids and names, where the format itself has a list of them."""
        return {}

    def paired_labels(self, places: Iterable[int]) -> Dict[int, str]:
        """Class ids and names, where records pair them, of the records at these places."""
        return {}


class Writer(ABC):
    """A dataset being written, as a context manager.

    Args:
        folder: an empty one.
        labels: ids and names of all classes.
    """

    def __init__(self, folder: Path, labels: Labels) -> None:
        self.folder = folder
        self.labels = labels
        self.ids = ids_of(labels)
        self.bytes_written = 0
        self.opened = ExitStack()
        """Gets what is to be closed at the end, come what may."""
        self._taken: Set[str] = set()

    @abstractmethod
    def write(self, record: Record) -> None:
        """Add a settled record; its classes are among `labels`."""

    def close(self) -> None:
        """Write what comes at the end: at least the label map."""
        self.put(LABEL_MAP, as_pbtxt(self.labels).encode())

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: Any, *unused: Any) -> None:
        with self.opened:
            if kind is None:
                self.close()

    def place(self, record: Record, flat: bool = False) -> str:
        """A name for the picture that no other one of its part has, nor one with another suffix.

        Args:
            flat: without folders.
        """
        name = safe_name(record.name)
        stem, dot, suffix = name.rpartition(".")
        if flat:
            stem = stem.replace("/", "_")
        unique, number = stem, 1
        while (record.part + "/" + unique).lower() in self._taken:
            number += 1
            unique = f"{stem}_{number}"
        self._taken.add((record.part + "/" + unique).lower())
        return unique + dot + suffix

    def put(self, relative: str, data: bytes) -> None:
        """Write a file below the folder."""
        path = self.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.bytes_written += len(data)
