"""Results in files: COCO's JSON array, or our JSON lines."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from splitdet.errors import DataError
from splitdet.evaluate.files import numbers_of, read_json, read_text, run_lengths
from splitdet.evaluate.found import FoundObject, match_classes
from splitdet.evaluate.truth import GroundTruth, LabelledImage
from splitdet.labels import Labels


def read_results(file: Path, truth: GroundTruth) -> List[FoundObject]:
    """The detections in a file that are of a class of the dataset.

    Raises:
        DataError: no such file, another form, or a picture that the dataset does not have.
    """
    text = read_text(file)
    if text.lstrip().startswith("["):
        return _from_coco(file, read_json(text, str(file)), truth)
    lines = {f"{file}:{number}": line for number, line in enumerate(text.splitlines(), start=1)}
    records = {where: read_json(line, where) for where, line in lines.items() if line.strip()}
    if not records:
        raise DataError(f"{file}: empty; expects COCO's results, or the JSON lines of a run")
    return _from_lines(records, truth)


def _from_coco(file: Path, content: List[Any], truth: GroundTruth) -> List[FoundObject]:
    sizes = {image.id: (image.width_px, image.height_px) for image in truth.images}
    found = []
    for number, one in enumerate(content, start=1):
        where = f"{file}: result {number}"
        if not isinstance(one, dict):
            raise DataError(f"{where}: expects an object, and not {one!r:.60}")
        image, class_id = one.get("image_id"), one.get("category_id")
        box, score = numbers_of(one.get("bbox"), 4), numbers_of([one.get("score")], 1)
        if box is None or score is None or not isinstance(class_id, int):
            raise DataError(f"{where}: needs category_id, score, and bbox of 4 numbers")
        if not isinstance(image, (int, str)) or image not in sizes:
            raise DataError(f"{where}: {truth.name} has no picture with image_id {image!r:.40}")
        if class_id in truth.classes:
            mask = _mask(where, one.get("segmentation"), sizes[image])
            found.append(FoundObject(image, class_id, (box[0], box[1], box[2], box[3]), score[0], mask))
    return found


def _from_lines(records: Dict[str, Any], truth: GroundTruth) -> List[FoundObject]:
    places = _Places(truth)
    named: Dict[int, str] = {}
    rows = []
    for where, record in records.items():
        try:
            size = (int(record["width"]), int(record["height"]))
            image = places.find(str(record["source"]))
            detections = [
                (
                    _numbers("box", one["box"], 4),
                    _numbers("score", [one["score"]], 1)[0],
                    int(one["class_id"]),
                    _mask(where, one.get("mask"), size),
                )
                for one in record["detections"]
            ]
            named.update({int(one["class_id"]): str(one["label"]) for one in record["detections"]})
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise DataError(f"{where}: not a line of a run's --json ({reason})") from None
        if image is None:
            raise DataError(f"{where}: {truth.name} has no picture {record['source']}")
        image.sized(*size)  # refuses a line about a picture of another size
        rows.append((image.id, size, detections))
    # a class without a name has its number for a label
    names = {number: name for number, name in named.items() if name != str(number)}
    classes = match_classes(truth, Labels(names)) if named else {}
    return [
        FoundObject(image_id, classes[class_id], _in_pixels(edges, *size), score, mask)
        for image_id, size, detections in rows
        for edges, score, class_id, mask in detections
        if class_id in classes
    ]


class _Places:
    """Finds the picture that a path means: by the path, else by its last part, if that tells."""

    def __init__(self, truth: GroundTruth) -> None:
        self._paths = {os.path.realpath(str(image.path)): image for image in truth.images}
        counts = Counter(image.path.name for image in truth.images)
        self._names: Dict[str, LabelledImage] = {
            image.path.name: image for image in truth.images if counts[image.path.name] == 1
        }

    def find(self, path: str) -> Optional[LabelledImage]:
        """None where there is no such picture."""
        return self._paths.get(os.path.realpath(path)) or self._names.get(Path(path).name)


def _numbers(key: str, value: Any, count: int) -> List[float]:
    numbers = numbers_of(value, count)
    if numbers is None:
        raise ValueError(f"{key} is {value!r:.60}")
    return numbers


def _in_pixels(edges: List[float], width: int, height: int) -> Any:
    """Left, top, width and height in pixels, of ymin, xmin, ymax, xmax in 0..1."""
    top, left, bottom, right = edges[0] * height, edges[1] * width, edges[2] * height, edges[3] * width
    return left, top, right - left, bottom - top


def _mask(where: str, value: Any, size: Tuple[int, int]) -> Any:
    """Run lengths; None where there are none, or a polygon, which no detector gives."""
    runs = run_lengths(value, size, where)
    if runs is None and isinstance(value, dict):
        raise DataError(f"{where}: a mask is size and counts of run lengths, and not {value!r:.80}")
    return runs
