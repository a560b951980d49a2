"""COCO: one JSON file with pictures, classes and boxes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, List, Optional, Set

from splitdet.data.findings import Finding, Findings, Kind
from splitdet.data.formats.base import Reader
from splitdet.data.places import beginning, find_picture, inside, part_of
from splitdet.data.records import Box, ImageFile, Record
from splitdet.labels import Labels

_SNIFFED_BYTES = 1 << 20


class CocoReader(Reader):
    """A JSON file, or a folder with some, or with some in `annotations`; all of it is in memory.

    Boxes only: masks and key points are not read.
    """

    def __init__(self, path: Path, labels: Optional[Labels] = None) -> None:
        super().__init__(path, labels)
        if self.root.name == "annotations" and path.is_file():
            self.root = self.root.parent
        self._places: List[_Place] = []
        self._names: Dict[int, str] = {}
        for file in _files(path):
            self._open(file)

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """See `Reader.recognises`."""
        return bool(_files(path))

    def __len__(self) -> int:
        return len(self._places)

    def own_labels(self) -> Dict[int, str]:
        """See `Reader.own_labels`. Ids from 0 on are moved: label maps keep 0 for the background."""
        moved_by = max(0, 1 - min(self._names, default=1))
        return {number + moved_by: name for number, name in self._names.items()}

    def read(self, index: int, findings: Findings) -> Optional[Record]:
        """See `Reader.read`."""
        place = self._places[index]
        written = str(place.image.get("file_name", ""))
        relative = inside(written)
        if relative is None:
            findings.add(Kind.OUTSIDE_PATH, place.where, f"file_name {written!r}")
            return None
        picture = find_picture(place.folders(self.root), [str(relative)])
        if picture is None:
            findings.add(Kind.MISSING_PICTURE, place.where, written)
            return None
        width, height = (_pixels(place.image.get(side)) for side in ("width", "height"))
        if not (width and height):
            findings.add(Kind.NO_SIZE, place.where)
        boxes = [self._box(one, place.where, findings) for one in place.annotations]
        part = part_of(place.file.stem) or self.own_part
        kept = tuple(box for box in boxes if box)
        return Record(str(relative), ImageFile(picture), width, height, kept, part, place.where)

    def _box(self, annotation: Dict[str, Any], where: str, findings: Findings) -> Optional[Box]:
        where = "{}: annotation {}".format(where, annotation.get("id", "without id"))
        try:
            left, top, width, height = (float(value) for value in annotation["bbox"])
        except (KeyError, TypeError, ValueError, OverflowError):
            findings.add(Kind.BROKEN_BOX, where, "bbox {!r:.80}".format(annotation.get("bbox")))
            return None
        number = annotation.get("category_id")
        label = self._names.get(number, str(number)) if isinstance(number, int) else ""
        crowd = bool(annotation.get("iscrowd"))
        return Box(label, left, top, left + width, top + height, crowd=crowd)

    def _open(self, file: Path) -> None:
        try:
            content = json.loads(file.read_bytes().decode("utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            self._found(Kind.BROKEN_ANNOTATION, file.name, str(error).splitlines()[0])
            return
        for category in _objects(content, "categories"):
            self._add_category(file, category)
        places: Dict[Any, _Place] = {}
        for image in _objects(content, "images"):
            number = image.get("id")
            where = f"{file.name}: image {number!r:.80}"
            if not isinstance(number, (int, str)):
                self._found(Kind.BROKEN_ANNOTATION, where, "its id is no number")
            elif number in places:
                self._found(Kind.REPEATED_ID, where, str(image.get("file_name")))
            else:
                places[number] = _Place(file, image)
        seen: Set[Any] = set()
        for annotation in _objects(content, "annotations"):
            number, owner = annotation.get("id"), annotation.get("image_id")
            where = f"{file.name}: annotation {number!r:.80}"
            if not isinstance(owner, (int, str)) or owner not in places:
                self._found(Kind.UNLISTED_PICTURE, where, f"image_id {owner!r:.80}")
            elif isinstance(number, (int, str)) and number in seen:
                self._found(Kind.REPEATED_ID, where, f"image_id {owner}")
            else:
                places[owner].annotations.append(annotation)
                seen.add(number if isinstance(number, (int, str)) else None)
        self._places += places.values()

    def _add_category(self, file: Path, category: Dict[str, Any]) -> None:
        number, name = category.get("id"), category.get("name")
        if not isinstance(number, int) or not isinstance(name, str):
            self._found(Kind.BROKEN_ANNOTATION, file.name, f"category {category!r:.80}")
        elif self._names.setdefault(number, name) != name:
            what = f"{number} is {self._names[number]!r} and {name!r}"
            self._found(Kind.REPEATED_ID, f"{file.name}: categories", what)

    def _found(self, kind: Kind, where: str, what: str) -> None:
        self.findings.append(Finding(kind, where, what))


class _Place:
    """A picture in a file, and what is said of it."""

    def __init__(self, file: Path, image: Dict[str, Any]) -> None:
        self.file = file
        self.image = image
        self.annotations: List[Dict[str, Any]] = []

    @property
    def where(self) -> str:
        return "{}: image {}".format(self.file.name, self.image["id"])

    def folders(self, root: Path) -> List[Path]:
        """Where the picture may lie: beside the file, in `images`, in a folder named like the file."""
        subset = re.sub(r"^[a-z]+_", "", self.file.stem)  # instances_train2017
        names = [subset, "images/" + subset, "images", ""]
        if part_of(subset):
            names[2:2] = [part_of(subset), "images/" + part_of(subset)]
        folders = [root / name for name in names]
        return folders + [self.file.parent / name for name in names]


def _objects(content: Any, key: str) -> List[Dict[str, Any]]:
    values = content.get(key) if isinstance(content, dict) else None
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _pixels(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and 0 < value < 1e9 else 0


def _files(path: Path) -> List[Path]:
    if path.is_file():
        files = [path]
    else:
        files = sorted([*path.glob("*.json"), *path.glob("annotations/*.json")])
    return [file for file in files if file.suffix.lower() == ".json" and _is_coco(file)]


def _is_coco(file: Path) -> bool:
    found = re.findall(rb'"(images|annotations|categories)"\s*:\s*\[', beginning(file, _SNIFFED_BYTES))
    return b"images" in found or len(found) > 1
