"""Open Images: a CSV file with a row for each box, edges 0..1, and pictures named by their ids."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from splitdet.data.findings import Finding, Findings, Kind
from splitdet.data.formats.base import Reader
from splitdet.data.pictures import Problem, look_at
from splitdet.data.places import beginning, find_picture, inside, part_of
from splitdet.data.records import Box, ImageFile, Record
from splitdet.labels import Labels

EDGES = ("XMin", "YMin", "XMax", "YMax")
_BOX_COLUMNS = frozenset({"ImageID", "LabelName", *EDGES})
_FLAGS = {"truncated": "IsTruncated", "occluded": "IsOccluded", "crowd": "IsGroupOf"}
_FOLDERS = {"train": ("train",), "val": ("validation", "val"), "test": ("test",), "": ()}


class _Row(NamedTuple):
    """A box as it is kept until its picture is read: small, as there may be very many."""

    line: int
    label: str
    edges: Tuple[str, ...]
    flags: Tuple[bool, ...]


class _Place(NamedTuple):
    """A picture, and the rows that are about it."""

    file: Path
    image_id: str
    rows: List[_Row]


class OpenImagesReader(Reader):
    """CSV files in a folder, pictures in `train`, `validation`, `test` or `images`.

    All rows are in memory, in a small form.

    A file with the columns ImageID and Subset lists pictures, also those without boxes. A file of two
    columns, `class-descriptions*.csv`, tells the names of classes.
    """

    def __init__(self, path: Path, labels: Optional[Labels] = None) -> None:
        super().__init__(path, labels)
        self._names = class_descriptions(self.root)
        self._places: List[_Place] = []
        for file in _box_files(path):
            places: Dict[str, _Place] = {}
            for image_id in _listed(file):
                places[image_id] = _Place(file, image_id, [])
            for line, row in read_rows(file, self.findings):
                image_id = row.get("ImageID") or ""
                place = places.setdefault(image_id, _Place(file, image_id, []))
                place.rows.append(self._row(line, row))
            self._places += places.values()

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """See `Reader.recognises`."""
        return bool(_box_files(path))

    def __len__(self) -> int:
        return len(self._places)

    def read(self, index: int, findings: Findings) -> Optional[Record]:
        """See `Reader.read`."""
        place = self._places[index]
        where = f"{place.file.name}: {place.image_id}"
        if place.rows:
            where += f" (line {place.rows[0].line})"
        relative = inside(place.image_id)
        if relative is None:
            findings.add(Kind.OUTSIDE_PATH, where, f"ImageID {place.image_id!r:.80}")
            return None
        part = part_of(place.file.stem) or self.own_part
        folders = [self.root / name for name in (*_FOLDERS[part], "images", "")]
        picture = find_picture(folders, [str(relative)])
        if picture is None:
            findings.add(Kind.MISSING_PICTURE, where, place.image_id)
            return None
        look = look_at(picture)
        if isinstance(look, Problem):
            findings.add(look.kind, where, look.what)
            return None
        boxes = [_box(row, look.upright_px, place.file.name, findings) for row in place.rows]
        kept = tuple(box for box in boxes if box)
        return Record(picture.name, ImageFile(picture), *look.upright_px, kept, part, where)

    def _row(self, line: int, row: Dict[str, str]) -> _Row:
        label = (row.get("LabelName") or "").strip()
        return _Row(
            line,
            _as_text(self._names.get(label, label)),
            tuple(row.get(edge) or "" for edge in EDGES),
            tuple(row.get(column) == "1" for column in _FLAGS.values()),
        )


def _box(row: _Row, size_px: Tuple[int, int], file_name: str, findings: Findings) -> Optional[Box]:
    try:
        edges = [float(edge) for edge in row.edges]
    except ValueError:
        what = ", ".join(f"{name} {edge!r}" for name, edge in zip(EDGES, row.edges))
        findings.add(Kind.BROKEN_BOX, f"{file_name}: line {row.line}", what)
        return None
    return Box.of(row.label, edges, **dict(zip(_FLAGS, row.flags))).scaled(*size_px)


def read_rows(file: Path, findings: List[Finding]) -> Iterator[Tuple[int, Dict[str, str]]]:
    """Line number and columns of each row; a row that cannot be read is reported and left out."""
    columns: List[str] = []
    for line, row in _lines(file):
        if columns and len(row) == len(columns):
            yield line, dict(zip(columns, row))
        elif columns:
            what = f"{len(row)} columns, not {len(columns)}"
            findings.append(Finding(Kind.BROKEN_ANNOTATION, f"{file.name}: line {line}", what))
        else:
            columns = row


def _as_text(name: str) -> str:
    """A name whose bytes may be no UTF-8, to be shown and written."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def class_descriptions(root: Path) -> Dict[str, str]:
    """Names of classes by their ids (`/m/0cnyhnx`), where a file beside the boxes tells them."""
    files = sorted(root.glob("*class-descriptions*.csv"))
    rows = (row for file in files for _, row in _lines(file))
    return {row[0]: _as_text(row[1]) for row in rows if len(row) == 2 and row[0] != "LabelName"}


def _lines(file: Path) -> Iterator[Tuple[int, List[str]]]:
    """Number and fields of each line that is not empty; no fields where it is no CSV."""
    with open(str(file), encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        rows = csv.reader(stream)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                yield rows.line_num, []
                continue
            if row:
                yield rows.line_num, row


def _columns(file: Path) -> List[str]:
    lines = beginning(file).decode("utf-8-sig", "replace").splitlines()
    return lines[0].split(",") if lines else []


def _box_files(path: Path) -> List[Path]:
    files = [path] if path.is_file() else sorted(path.glob("*.csv"))
    return [
        file for file in files if file.suffix.lower() == ".csv" and set(_columns(file)) >= _BOX_COLUMNS
    ]


def _listed(boxes: Path) -> Iterator[str]:
    """Ids of the pictures that a list beside a file of boxes has for its part."""
    for file in sorted(boxes.parent.glob("*.csv")):
        columns = _columns(file)
        is_list = {"ImageID", "Subset"} <= set(columns) and "LabelName" not in columns
        if is_list and part_of(file.stem) == part_of(boxes.stem):
            yield from (row["ImageID"] for _, row in read_rows(file, []))
