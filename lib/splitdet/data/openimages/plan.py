"""Which pictures of Open Images to fetch for some classes."""

from __future__ import annotations

import csv
import difflib
import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from splitdet.data.findings import Finding
from splitdet.data.formats.openimages_reader import EDGES, class_descriptions, read_rows
from splitdet.data.openimages.source import Fetcher, Source
from splitdet.data.places import inside, part_of
from splitdet.data.records import Box, ImageBytes, Record
from splitdet.errors import DataError

PLAN_FILE = "plan.json"
DOWNLOADS = ".downloads"
_CLASSES_FILE = "class-descriptions-boxable.csv"
Rows = Dict[str, List[Dict[str, str]]]
"""Id of a picture to its rows."""


@dataclass(frozen=True)
class Request:
    """What is wanted."""

    classes: Tuple[str, ...]
    parts: Tuple[str, ...] = ("train", "validation", "test")
    max_images: int = 0
    """Of all parts together, each of which gets its share; 0: all."""
    depictions: bool = False
    """Drawings and sculptures of the objects as well."""
    seed: int = 0


def make_plan(request: Request, folder: Path, source: Source, fetcher: Fetcher) -> None:
    """Fetch the lists of boxes, and write those that are wanted into `folder`.

    The folder then is a dataset of the format openimages, without its pictures. If it is one already, by
    the same request, nothing is done.

    Raises:
        DataError: a class is not known, the lists cannot be had, or the folder holds another plan.
    """
    wanted = json.loads(json.dumps(asdict(request)))
    if (folder / PLAN_FILE).is_file():
        if _read_plan(folder) != wanted:
            raise DataError(f"{folder / PLAN_FILE}: is the plan of another request; name another folder")
        return
    downloads = folder / DOWNLOADS
    fetcher.file(source.classes, downloads / _CLASSES_FILE)
    names = _resolve(request.classes, class_descriptions(downloads))
    found: Dict[str, Rows] = {}
    for part in request.parts:
        lists = downloads / f"{part}-annotations-bbox.csv"
        fetcher.file(source.boxes[part], lists)
        found[part] = _wanted_rows(lists, names, request.depictions)
    for part, rows in choose(found, request.max_images, request.seed).items():
        _write_rows(folder / f"{part}-annotations-bbox.csv", rows)
    with open(str(folder / _CLASSES_FILE), "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(names.items())
    (folder / PLAN_FILE).write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")


def planned_records(folder: Path) -> Iterator[Record]:
    """The records of a plan, for counting: without pictures, with edges of 0..1."""
    names = class_descriptions(folder)
    for part, rows in planned_rows(folder):
        for image, boxes in rows.items():
            found = [
                Box.of(names[row["LabelName"]], (float(row[edge]) for edge in EDGES)) for row in boxes
            ]
            yield Record(image, ImageBytes(b""), 1, 1, tuple(found), part_of(part))


def planned_rows(folder: Path) -> Iterator[Tuple[str, Rows]]:
    """For each part of a plan, under the name that Open Images gives it, its pictures and their rows."""
    for part in _read_plan(folder)["parts"]:
        file = folder / f"{part}-annotations-bbox.csv"
        rows: Rows = {}
        for _, row in read_rows(file, []) if file.is_file() else ():
            rows.setdefault(row["ImageID"], []).append(row)
        yield part, rows


def _read_plan(folder: Path) -> Any:
    try:
        return json.loads((folder / PLAN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / PLAN_FILE}: cannot be read ({error}); delete it") from None


def _resolve(classes: Iterable[str], names: Dict[str, str]) -> Dict[str, str]:
    """Id to name of the classes that are wanted; case does not matter."""
    ids = {name.lower(): number for number, name in names.items()}
    wanted: Dict[str, str] = {}
    for name in classes:
        number = ids.get(name.strip().lower())
        if number is None:
            close = difflib.get_close_matches(name.strip().lower(), ids, n=3)
            hint = "; did you mean {}?".format(" or ".join(names[ids[one]] for one in close))
            raise DataError(f"{name}: no such class in Open Images{hint if close else ''}")
        wanted[number] = names[number]
    return wanted


def _wanted_rows(file: Path, names: Dict[str, str], depictions: bool) -> Rows:
    rows: Rows = {}
    broken: List[Finding] = []
    for _, row in read_rows(file, broken):
        depicted = row.get("IsDepiction") == "1"
        if row.get("LabelName") in names and (depictions or not depicted):
            image = inside(row["ImageID"])
            if image is not None and len(image.parts) == 1:
                rows.setdefault(row["ImageID"], []).append(row)
    return rows


def choose(found: Dict[str, Rows], most: int, seed: int) -> Dict[str, Rows]:
    """At most so many pictures, by chance, in the proportions of the parts."""
    total = sum(map(len, found.values()))
    if not most or total <= most:
        return found
    chance = random.Random(seed)
    chosen: Dict[str, Rows] = {}
    for part, rows in found.items():
        # of what is left, by the share in what is left: rounded, they add up to `most`
        count = round(most * len(rows) / total) if total else 0
        most, total = most - count, total - len(rows)
        some = chance.sample(sorted(rows), count)
        chosen[part] = {image: rows[image] for image in sorted(some)}
    return chosen


def _write_rows(file: Path, rows: Rows) -> None:
    with open(str(file), "w", encoding="utf-8", newline="") as stream:
        columns = next(iter(rows.values()))[0].keys() if rows else ("ImageID", "LabelName", *EDGES)
        writer = csv.DictWriter(stream, list(columns))
        writer.writeheader()
        for of_image in rows.values():
            writer.writerows(of_image)
