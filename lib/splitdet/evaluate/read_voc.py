"""Ground truth in Pascal VOC's form: an XML file, or a picture of class ids, for each picture.

XML is read as `data/` reads it; what is wrong is refused here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Optional

from splitdet.data.findings import Findings, Kind
from splitdet.data.formats.voc_reader import VocReader
from splitdet.data.label_map import ids_of, numbered
from splitdet.data.records import Box, ImageFile, Record
from splitdet.data.refuse import refuse_errors
from splitdet.errors import DataError
from splitdet.evaluate.files import find_folder
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
        DataError: something is wrong with a file, or a picture is missing; the message names it.
    """
    reader, findings = VocReader(folder, pictures=pictures), Findings()
    read = [reader.read(index, findings) for index in range(len(reader))]
    missing = findings.counts.get(Kind.MISSING_PICTURE, 0)
    if missing:
        first = findings.kept[Kind.MISSING_PICTURE][0]
        raise DataError(
            f"{folder}: a picture is not there ({first}; {missing} of {len(read)} pictures are "
            "missing); name their folder with --images"
        )
    records = [record for record in read if record is not None]
    for record in records:
        for box in record.boxes:
            _check(box, record, findings)
    refuse_errors(findings, folder)
    ids = ids_of(numbered(box.label for record in records for box in record.boxes))
    images = tuple(_labelled(number, record, ids) for number, record in enumerate(records, start=1))
    return GroundTruth(str(folder), images, {number: name for name, number in sorted(ids.items())})


def _check(box: Box, record: Record, findings: Findings) -> None:
    if not box.label:
        findings.add(Kind.NO_CLASS, record.where)
    if box.width_px < 0 or box.height_px < 0:
        findings.add(Kind.INVERTED_BOX, f"{record.where}: {box.label!r}")


def _labelled(number: int, record: Record, ids: Dict[str, int]) -> LabelledImage:
    objects = tuple(
        TrueObject(
            ids[box.label],
            (box.xmin, box.ymin, box.width_px, box.height_px),
            box.width_px * box.height_px,
            difficult=box.difficult,
        )
        for box in record.boxes
    )
    assert isinstance(record.image, ImageFile)
    return LabelledImage(number, record.image.path, record.width_px, record.height_px, objects)


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


def _file_of(folders: List[Path], names: List[str]) -> Path:
    """The first file that is there; where there is none, the first that might be."""
    for name in names:
        path = find_folder(folders, name) / name
        if path.is_file():
            return path
    return folders[0] / names[0]
