"""Ground truth in Pascal VOC's form: an XML file, or a picture of class ids, for each picture.

The reader is small on purpose: it reads what is right and refuses the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional
from xml.etree import ElementTree

from splitdet.errors import DataError
from splitdet.evaluate.files import find_folder, numbers_of
from splitdet.evaluate.truth import GroundTruth, LabelledImage, TrueObject
from splitdet.sources.images import SUFFIXES

PICTURE_FOLDERS = ("", "JPEGImages", "images")
PIXEL_FOLDERS = ("SegmentationClass", "masks")


def has_boxes(folder: Path) -> bool:
    """Whether there are XML files in a folder, or below it."""
    return next(folder.rglob("*.xml"), None) is not None


def read_boxes(folder: Path, pictures: Optional[Path] = None) -> GroundTruth:
    """The XML files of a folder and its subfolders.

    Edges are taken as they are written, as the Object Detection API does. Classes get ids from 1 on,
    in the order of the alphabet.

    Args:
        pictures: their folder; None: beside the XML files, or in `JPEGImages` or `images`.

    Raises:
        DataError: a file is not such a one; the message names it.
    """
    found = [(file, _parse(file)) for file in sorted(folder.rglob("*.xml"))]
    names = {_text(item, "name", file) for file, root in found for item in root.iter("object")}
    ids = {name: number for number, name in enumerate(sorted(names), start=1)}
    images = []
    for number, (file, root) in enumerate(found, start=1):
        objects = []
        for item in root.iter("object"):
            edges = numbers_of([_number(item, "bndbox/" + edge) for edge in _EDGES], len(_EDGES))
            if edges is None or edges[2] < edges[0] or edges[3] < edges[1]:
                name = _text(item, "name", file)
                raise DataError(f"{file}: the box of {name!r} is not xmin, ymin, xmax and ymax")
            width, height = edges[2] - edges[0], edges[3] - edges[1]
            objects.append(
                TrueObject(
                    ids[_text(item, "name", file)],
                    (edges[0], edges[1], width, height),
                    width * height,
                    difficult=(item.findtext("difficult") or "").strip() in ("1", "true", "True"),
                )
            )
        size = [int(_number(root, "size/" + side) or 0) for side in ("width", "height")]
        path = _picture(file, root, folder, pictures)
        images.append(LabelledImage(number, path, size[0], size[1], tuple(objects)))
    return GroundTruth(str(folder), tuple(images), {number: name for name, number in ids.items()})


def pixel_folder(folder: Path) -> Optional[Path]:
    """The folder with the pictures of class ids, if there is one."""
    found = [folder / name for name in PIXEL_FOLDERS if (folder / name).is_dir()]
    return found[0] if found else None


def read_pixels(folder: Path, pictures: Optional[Path] = None) -> GroundTruth:
    """Pictures of class ids (.png) in `SegmentationClass` or `masks`; ids are those of the model."""
    files = sorted((pixel_folder(folder) or folder).glob("*.png"))
    images = []
    for number, file in enumerate(files, start=1):
        folders = [pictures] if pictures else [folder / name for name in PICTURE_FOLDERS]
        path = _file_of(folders, [file.stem + ending for ending in SUFFIXES])
        images.append(LabelledImage(number, path, 0, 0, pixels=file))
    return GroundTruth(str(folder), tuple(images), {})


_EDGES = ("xmin", "ymin", "xmax", "ymax")


def _parse(file: Path) -> ElementTree.Element:
    try:
        data = file.read_bytes()
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:  # could grow without end, or read other files
            raise DataError(f"{file}: has a DTD, which annotations have not")
        root = ElementTree.fromstring(data)
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}") from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise DataError(f"{file}: not readable as XML ({error})") from None
    if root.tag != "annotation":
        raise DataError(f"{file}: begins with <{root.tag}>, and not with <annotation>")
    return root


def _text(item: ElementTree.Element, tag: str, file: Path) -> str:
    text = (item.findtext(tag) or "").strip()
    if not text:
        raise DataError(f"{file}: an object has no {tag}")
    return text


def _number(item: ElementTree.Element, tag: str) -> Optional[float]:
    try:
        return float(item.findtext(tag) or "")
    except ValueError:
        return None


def _picture(file: Path, root: ElementTree.Element, folder: Path, pictures: Optional[Path]) -> Path:
    written = (root.findtext("filename") or "").strip().replace("\\", "/").rpartition("/")[2]
    names = [written] if written else []
    names += [file.stem + ending for ending in SUFFIXES]
    above = (file.parent, file.parent.parent, folder)
    folders = [pictures] if pictures else [root / name for root in above for name in PICTURE_FOLDERS]
    return _file_of(folders, names)


def _file_of(folders: List[Path], names: List[str]) -> Path:
    """The first file that is there; where there is none, the first that might be."""
    for name in names:
        path = find_folder(folders, name) / name
        if path.is_file():
            return path
    return folders[0] / names[0]
