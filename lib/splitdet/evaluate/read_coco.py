"""Ground truth in a COCO file: one JSON with pictures, classes and objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from splitdet.data.text import as_utf8
from splitdet.errors import DataError
from splitdet.evaluate.files import (
    find_folder,
    numbers_of,
    objects_in,
    read_json,
    read_text,
    run_lengths,
)
from splitdet.evaluate.truth import GroundTruth, Id, LabelledImage, TrueObject

_TRIANGLE = 6
"""Numbers of the smallest polygon."""
_SizePx = Tuple[int, int]
"""Width and height of a picture; 0 where the file does not tell."""


def read_coco(file: Path, pictures: Optional[Path] = None) -> GroundTruth:
    """All of a file, in its order, with every number as it is written.

    Args:
        pictures: their folder; None: beside the file, or where COCO has it (`images`, `val2017`, ..).

    Raises:
        DataError: not such a file, or one that contradicts itself; the message names the place.
    """
    content = read_json(read_text(file), str(file))
    images = objects_in(content, "images", str(file))
    classes = _classes(file, content)
    sizes = {_id(file, image): _size(image) for image in images}
    if len(sizes) != len(images):
        raise DataError(f"{file}: two pictures have the same id")
    if len({isinstance(number, str) for number in sizes}) > 1:
        raise DataError(f"{file}: some ids of pictures are numbers, others text; make them all the same")
    objects = _objects(file, content, classes, sizes)
    folder = pictures or _folder(file, images)
    return GroundTruth(
        str(file),
        tuple(
            LabelledImage(
                image["id"],
                folder / _name(file, image),
                *sizes[image["id"]],
                tuple(objects[image["id"]]),
            )
            for image in images
        ),
        classes,
    )


def _classes(file: Path, content: Any) -> Dict[int, str]:
    classes = {}
    for category in objects_in(content, "categories", str(file)):
        number, name = category.get("id"), category.get("name")
        if not isinstance(number, int) or not isinstance(name, str):
            raise DataError(f"{file}: a category has an id and a name, and not {category!r:.80}")
        classes[number] = as_utf8(name)
    return classes


def _objects(
    file: Path, content: Any, classes: Dict[int, str], sizes: Dict[Id, _SizePx]
) -> Dict[Id, List[TrueObject]]:
    """Objects of each picture."""
    objects: Dict[Id, List[TrueObject]] = {image: [] for image in sizes}
    for number, one in enumerate(objects_in(content, "annotations", str(file)), start=1):
        where = "{}: annotation {}".format(file, one.get("id", f"number {number}"))
        image, class_id = one.get("image_id"), one.get("category_id")
        if not isinstance(image, (int, str)) or image not in objects:
            raise DataError(f"{where}: there is no picture with image_id {image!r:.40}")
        if not isinstance(class_id, int) or class_id not in classes:
            raise DataError(f"{where}: category_id {class_id!r:.40} is not among its categories")
        box = numbers_of(one.get("bbox"), 4)
        if box is None or min(box[2:]) < 0:
            raise DataError(
                "{}: bbox is left, top, width and height, and not {!r:.80}".format(
                    where, one.get("bbox")
                )
            )
        area = numbers_of([one.get("area")], 1)
        objects[image].append(
            TrueObject(
                class_id,
                (box[0], box[1], box[2], box[3]),
                area[0] if area else box[2] * box[3],
                crowd=bool(one.get("iscrowd")),
                segment=_segment(where, one.get("segmentation"), sizes[image]),
            )
        )
    return objects


def _segment(where: str, value: Any, size: _SizePx) -> Any:
    """Run lengths, or the polygons that have an inside; None where there are none."""
    runs = run_lengths(value, size, where)
    if runs or not value:
        return runs
    polygons = [
        numbers_of(one, len(one)) if isinstance(one, list) else None
        for one in (value if isinstance(value, list) else [None])
    ]
    if None in polygons:
        raise DataError(f"{where}: segmentation is polygons or run lengths, and not {value!r:.80}")
    return [one for one in polygons if one and len(one) >= _TRIANGLE] or None


def _id(file: Path, image: Dict[str, Any]) -> Id:
    number = image.get("id")
    if isinstance(number, bool) or not isinstance(number, (int, str)):
        raise DataError(f"{file}: a picture has an id, and not {number!r:.40}")
    return number


def _name(file: Path, image: Dict[str, Any]) -> str:
    name = image.get("file_name")
    if not isinstance(name, str) or not name:
        raise DataError("{}: picture {} has no file_name".format(file, image["id"]))
    return name


def _size(image: Dict[str, Any]) -> _SizePx:
    return _pixels(image.get("width")), _pixels(image.get("height"))


def _pixels(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and 0 < value < 1e9 else 0


def _folder(file: Path, images: List[Any]) -> Path:
    """Where the pictures are."""
    subset = file.stem.rpartition("_")[2]  # val2017 of instances_val2017.json
    candidates = [
        root / name
        for root in (file.parent, file.parent.parent)
        for name in ("", "images", subset, "images/" + subset)
    ]
    return find_folder(candidates, _name(file, images[0])) if images else candidates[0]
