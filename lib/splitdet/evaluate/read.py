"""Opening ground truth, whatever its form."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

from splitdet.errors import DataError
from splitdet.evaluate.read_coco import read_coco
from splitdet.evaluate.read_voc import has_boxes, pixel_folder, read_boxes, read_pixels
from splitdet.evaluate.truth import GroundTruth


def read_truth(dataset: str, pictures: str = "", of_pixels: bool = False) -> GroundTruth:
    """The ground truth that `dataset` names.

    Args:
        dataset: a COCO file, a folder with one in it, or a folder of Pascal VOC.
        pictures: the folder of its pictures; empty: where the format has it.
        of_pixels: a class for every pixel is wanted, not boxes.

    Raises:
        DataError: nothing there, nothing of these forms, or a broken one.
    """
    path = Path(dataset)
    folder = _existing(Path(pictures)) if pictures else None
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_file():
        return read_coco(path, folder)
    if of_pixels and pixel_folder(path):
        return read_pixels(path, folder)
    if has_boxes(path) and not of_pixels:
        return read_boxes(path, folder)
    files = _coco_files(path)
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise DataError(f"{path}: more than one COCO file ({names}); name the file itself")
    if not files:
        wanted = "SegmentationClass or masks" if of_pixels else "XML files of Pascal VOC"
        raise DataError(f"{path}: no ground truth in this folder; expects a COCO file, or {wanted}")
    return read_coco(files[0], folder)


def _existing(folder: Path) -> Optional[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of pictures")
    return folder


def _coco_files(folder: Path) -> List[Path]:
    found = sorted([*folder.glob("*.json"), *folder.glob("annotations/*.json")])
    return [file for file in found if file.is_file()]
