"""Opening a dataset, whatever its format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterator, Optional, Union

from splitdet.data.findings import Findings
from splitdet.data.formats import FORMATS, recognised
from splitdet.data.formats.base import Reader
from splitdet.data.label_map import label_map_beside, numbered
from splitdet.data.records import Box, Record
from splitdet.data.text import as_utf8
from splitdet.errors import DataError
from splitdet.labels import Labels, load_labels

AUTO = "auto"


class Dataset:
    """A row of records, the same in every pass, and the classes in them.

    Args:
        label_map: ids and names that are binding; None where there is no list of them.
    """

    def __init__(
        self, path: Path, format_name: str, reader: Reader, label_map: Optional[Labels]
    ) -> None:
        self.path = path
        self.format = format_name
        self.reader = reader
        self.label_map = label_map
        self._found: Dict[int, Labels] = {}

    def __len__(self) -> int:
        """How many places for a record there are; not all of them need be readable."""
        return len(self.reader)

    def labels(self, limit: int = 0) -> Labels:
        """The label map; where there is none, the classes that are found, by a pass over the dataset.

        Args:
            limit: look at so many places only; see `records`.
        """
        if self.label_map is not None:
            return self.label_map
        if limit not in self._found:
            pairs = self.reader.paired_labels(self._chosen(limit))
            names = (box.label for one in self.records(limit=limit) for box in one.boxes if box.label)
            self._found[limit] = Labels(pairs) if pairs else numbered(names)
        return self._found[limit]

    def records(self, findings: Optional[Findings] = None, limit: int = 0) -> Iterator[Record]:
        """One record after the other.

        Args:
            findings: gets what is broken, and therefore left out.
            limit: only so many places, spread evenly over all of them; 0: all.
        """
        findings = Findings() if findings is None else findings
        findings.extend(self.reader.findings)
        for index in self._chosen(limit):
            record = self.reader.read(index, findings)
            if record is not None:
                yield replace(record, boxes=tuple(map(_writable, record.boxes)))

    def _chosen(self, limit: int) -> Iterator[int]:
        """The places to be read."""
        count = len(self.reader)
        chosen = count if limit <= 0 or limit > count else limit
        return (index * count // chosen for index in range(chosen))


def open_dataset(path: Union[str, Path], format_name: str = AUTO, labels: str = "") -> Dataset:
    """Open a folder, or a file, of any format in `FORMATS`.

    Args:
        format_name: what it is; `auto`: as it looks.
        labels: a label map; empty: the one beside the dataset, or its own.

    Raises:
        DataError: there is nothing, or nothing of any known format.
        ConfigError: the label map cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if format_name == AUTO:
        format_name = _only_format(path)
    given = load_labels(labels, "--labels") if labels else None
    beside = given or label_map_beside(path if path.is_dir() else path.parent)
    reader = FORMATS[format_name].reader(path, beside)
    if not (len(reader) or reader.findings):
        raise DataError(f"{path}: nothing of format {format_name} here ({FORMATS[format_name].title})")
    names = beside.names if beside else reader.own_labels()
    label_map = Labels({number: as_utf8(name) for number, name in names.items()})
    return Dataset(path, format_name, reader, label_map if names else None)


def _writable(box: Box) -> Box:
    """A box whose label every format can write; see `as_utf8`."""
    label = as_utf8(box.label)
    return box if label == box.label else replace(box, label=label)


def _only_format(path: Path) -> str:
    names = recognised(path)
    if not names:
        known = ", ".join(FORMATS)
        raise DataError(f"{path}: not a dataset of a known format ({known}); if it is one, say --from")
    if len(names) > 1:
        raise DataError("{}: looks like {}; say which with --from".format(path, " and ".join(names)))
    return names[0]
