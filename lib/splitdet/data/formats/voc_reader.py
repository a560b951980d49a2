"""Pascal VOC: an XML file for each picture, as labelImg, CVAT and others write it."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath
from typing import Any, Dict, List, Optional, Tuple

from splitdet.compat import extra
from splitdet.data.findings import Findings, Kind
from splitdet.data.formats.base import Reader
from splitdet.data.places import (
    beginning,
    files_below,
    find_picture,
    first_files,
    inside,
    part_of_folder,
    placed,
    relative_to,
)
from splitdet.data.records import Box, ImageFile, Record
from splitdet.labels import Labels

_XML_FOLDER = "annotations"
_PICTURE_FOLDERS = ("JPEGImages", "images", "")
_STRUCTURE = frozenset({_XML_FOLDER, "jpegimages", "images"})
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_TRUE = ("1", "true", "True")
_FLAGS = ("difficult", "truncated", "occluded")


class VocReader(Reader):
    """XML files anywhere below a folder; pictures beside them, or in `JPEGImages` or `images`.

    Lists such as `ImageSets/Main/train.txt` tell the part of a picture, else its folder does.
    Edges are taken as they are written, as the Object Detection API does: VOC itself counts pixels from
    1 on, labelImg and most others from 0.

    Args:
        pictures: the folder of the pictures, where it is none of these.
    """

    def __init__(
        self, path: Path, labels: Optional[Labels] = None, pictures: Optional[Path] = None
    ) -> None:
        super().__init__(path, labels)
        self._pictures = pictures
        self._files = list(files_below(path, (".xml",)))
        self._listed = _listed_parts(path)

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """See `Reader.recognises`."""
        return any(b"<annotation" in beginning(file) for file in first_files(path, (".xml",)))

    def __len__(self) -> int:
        return len(self._files)

    def read(self, index: int, findings: Findings) -> Optional[Record]:
        """See `Reader.read`."""
        file = self._files[index]
        where = str(relative_to(self.root, file))
        root = _parse(file, where, findings)
        if root is None:
            return None
        picture = self._picture(file, _text(root, "filename"), where, findings)
        if picture is None:
            return None
        part, name = placed(relative_to(self._pictures or self.root, picture), _STRUCTURE)
        part = part or self._listed.get(file.stem, "")
        width, height = (_whole(_text(root, "size/" + side)) for side in ("width", "height"))
        if not (width and height):
            findings.add(Kind.NO_SIZE, where)
        boxes = [_box(item, where, number, findings) for number, item in _numbered(root)]
        return Record(
            name,
            ImageFile(picture),
            width,
            height,
            tuple(box for box in boxes if box),
            part or self.own_part,
            where,
        )

    def _picture(self, file: Path, written: str, where: str, findings: Findings) -> Optional[Path]:
        """The picture that belongs to an XML file: the one that it names, else the one named like it."""
        names = [file.stem]
        if written:
            relative = inside(written)
            if relative is None:
                findings.add(Kind.OUTSIDE_PATH, where, f"filename {written!r}")
            else:
                names.insert(0, str(relative))
        below = relative_to(self.root, file.parent)
        folders = [file.parent]
        for other in _PICTURE_FOLDERS:
            folders += [self.root / _mirrored(below, other), self.root / other]
        picture = find_picture([self._pictures] if self._pictures else folders, names)
        if picture is None:
            findings.add(Kind.MISSING_PICTURE, where, written or file.stem)
        return picture


def _listed_parts(root: Path) -> Dict[str, str]:
    """Name of an XML file to its part; `trainval` counts for what no other list has."""
    parts: Dict[str, str] = {}
    lists = sorted(root.glob("ImageSets/Main/*.txt"), key=lambda file: file.stem != "trainval")
    for file in lists:
        part = part_of_folder(file.stem)  # those of single classes, cat_train.txt, are passed over
        if part:
            names = file.read_text(encoding="utf-8", errors="surrogateescape").split()
            parts.update(dict.fromkeys(names, part))
    return parts


def _mirrored(below: PurePosixPath, other: str) -> PurePosixPath:
    """The folder of pictures for one of annotations: `train/images/a` for `train/Annotations/a`."""
    return PurePosixPath(*(other if one.lower() == _XML_FOLDER else one for one in below.parts))


def _parse(file: Path, where: str, findings: Findings) -> Any:
    """The root element; None where there is none to be trusted."""
    with extra("train"):
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring
    try:
        root = fromstring(file.read_bytes(), forbid_dtd=True)
    except DefusedXmlException as error:
        findings.add(Kind.HOSTILE_XML, where, str(error).split("(")[0])
        return None
    except (ParseError, OSError, ValueError, LookupError) as error:
        findings.add(Kind.BROKEN_ANNOTATION, where, str(error) or "empty")
        return None
    if root.tag != "annotation":
        findings.add(Kind.BROKEN_ANNOTATION, where, f"begins with <{root.tag}>, not <annotation>")
        return None
    return root


def _text(element: Any, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _whole(text: str) -> int:
    """A size in pixels; 0 where it is none."""
    value = _number(text)
    return int(value) if value is not None and 0 < value < 1e9 else 0


def _number(text: str) -> Optional[float]:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _numbered(root: Any) -> List[Tuple[int, Any]]:
    return list(enumerate(root.findall("object"), start=1))


def _box(item: Any, where: str, number: int, findings: Findings) -> Optional[Box]:
    values = [_number(_text(item, "bndbox/" + edge)) for edge in _EDGES]
    if None in values:
        texts = ("{} {!r}".format(edge, _text(item, "bndbox/" + edge)) for edge in _EDGES)
        findings.add(Kind.BROKEN_BOX, f"{where}: box {number}", ", ".join(texts))
        return None
    edges = [value for value in values if value is not None]
    return Box.of(_text(item, "name"), edges, **{flag: _text(item, flag) in _TRUE for flag in _FLAGS})
