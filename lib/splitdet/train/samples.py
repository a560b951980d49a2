"""Pictures and their boxes, as training takes them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from splitdet.errors import DataError
from splitdet.labels import Labels

_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Sample:
    """A picture with its objects."""

    name: str
    """What messages call it."""
    pixels: Callable[[], np.ndarray]
    """Gives the picture, uint8 (H, W, 3), BGR; DataError where it cannot be read."""
    boxes: np.ndarray
    """float32 (K, 4): ymin, xmin, ymax, xmax, 0..1 of the picture."""
    classes: np.ndarray
    """int64 (K,): class ids, from 1 on."""


def read_voc(folder: Path, names: Optional[Sequence[str]] = None) -> Tuple[List[Sample], Labels]:
    """The samples of a folder of pictures with Pascal VOC XML beside them, in the order of names.

    Args:
        names: of the classes, the first with id 1; None: those that are found, by the alphabet.

    Raises:
        DataError: there are none, a file is broken, or a class is not among `names`.
    """
    read = [_read_voc(path) for path in sorted(folder.rglob("*.xml"))]
    if not read:
        raise DataError(f"{folder}: no pictures with Pascal VOC annotations (.xml) here")
    if names is None:
        names = sorted({label for _, labels, _ in read for label in labels})
    numbers = {name: number for number, name in enumerate(names, start=1)}
    samples = []
    for path, labels, boxes in read:
        unknown = sorted(set(labels) - set(numbers))
        if unknown:
            known = ", ".join(names)
            raise DataError(f"{path}: class {unknown[0]!r} is not one of: {known}")
        classes = np.array([numbers[label] for label in labels], np.int64)
        edges = np.array(boxes, np.float32).reshape(-1, 4)
        samples.append(Sample(path.name, partial(read_picture, path), edges, classes))
    return samples, Labels({number: name for name, number in numbers.items()})


def read_picture(path: Path) -> np.ndarray:
    """The pixels of a file, uint8 (H, W, 3), BGR.

    Raises:
        DataError: it cannot be read.
    """
    image = cv2.imread(str(path))
    if image is None:
        raise DataError(f"{path}: not a picture that can be read")
    return np.asarray(image)


def _read_voc(path: Path) -> Tuple[Path, List[str], List[List[float]]]:
    """Picture, names of classes, and boxes in parts of the picture."""
    try:
        root = ElementTree.parse(str(path)).getroot()
        width, height = (float(root.findtext(f"size/{side}", "")) for side in ("width", "height"))
        picture = _picture(path, root.findtext("filename", ""))
        labels, boxes = [], []
        for item in root.iter("object"):
            edges = [
                float(item.findtext(f"bndbox/{edge}", "")) / side
                for edge, side in (("ymin", height), ("xmin", width), ("ymax", height), ("xmax", width))
            ]
            edges = np.clip(edges, 0.0, 1.0).tolist()
            if edges[0] >= edges[2] or edges[1] >= edges[3]:
                raise DataError(f"{path}: a box without area")
            labels.append(item.findtext("name", ""))
            boxes.append(edges)
    except (ElementTree.ParseError, ValueError, ZeroDivisionError) as error:
        raise DataError(f"{path}: not a Pascal VOC annotation ({error})") from None
    return picture, labels, boxes


def _picture(annotation: Path, name: str) -> Path:
    """The picture of an annotation: of the same name, or the one that it names."""
    beside = [annotation.with_suffix(end) for suffix in _SUFFIXES for end in (suffix, suffix.upper())]
    for path in [*beside, annotation.with_name(Path(name).name or "?")]:
        if path.is_file():
            return path
    raise DataError(f"{annotation}: its picture {name!r} is not there")
