"""Results as COCO's evaluation reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import numpy as np

from splitdet.errors import SinkError
from splitdet.rle import mask_rles
from splitdet.sinks.base import Sink
from splitdet.sinks.results_file import results_file
from splitdet.sources.images import is_image
from splitdet.types import Detections, Frame


class CocoSink(Sink):
    """One JSON array of all detections, as `loadRes` of pycocotools takes it.

    The array is complete once the sink is closed.

    Args:
        with_stream: there are several inputs; see `image_id`.

    Raises:
        SinkError: the file cannot be made.
    """

    def __init__(self, path: str, with_stream: bool = False) -> None:
        self._with_stream = with_stream
        self._file = results_file(path)
        self._before = "[\n"
        self._pictures: Dict[Union[int, str], str] = {}  # the file that has each image_id

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._file.path

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`. Two pictures with one `image_id`, which nobody can tell apart: SinkError."""
        if _is_picture(frame):
            name = image_id(frame, self._with_stream)
            first = self._pictures.setdefault(name, frame.source)
            if first != frame.source:
                raise SinkError(
                    f"{self.path}: {first} and {frame.source} would both have the image_id {name!r}; "
                    "run their folders one by one, or rename one of them"
                )
        for result in coco_results(frame, found, self._with_stream):
            self._file.write(self._before + json.dumps(result))
            self._before = ",\n"

    def close(self) -> None:
        """See `Sink.close`."""
        try:
            self._file.write("[]\n" if self._before == "[\n" else "\n]\n")
        finally:
            self._file.close()


def coco_results(frame: Frame, found: Detections, with_stream: bool = False) -> List[Dict[str, Any]]:
    """A result for each detection: `bbox` is left, top, width and height, pixels of the frame."""
    scale = np.array([frame.height, frame.width] * 2)
    results: List[Dict[str, Any]] = []
    for box, score, class_id in zip(found.boxes * scale, found.scores, found.classes):
        top, left, bottom, right = (float(edge) for edge in box)
        results.append(
            {
                "image_id": image_id(frame, with_stream),
                "category_id": int(class_id),
                "bbox": [round(edge, 3) for edge in (left, top, right - left, bottom - top)],
                "score": float(score),
            }
        )
    if found.masks is not None:
        for result, rle in zip(results, mask_rles(found, frame.height, frame.width)):
            result["segmentation"] = rle
    return results


def image_id(frame: Frame, with_stream: bool = False) -> Union[int, str]:
    """Of a picture the number that it is called by, as in COCO (000000000139.jpg: 139), else its name
    without the suffix; of a video the number of the frame, of several videos `INPUT_FRAME`.
    """
    if not _is_picture(frame):
        return f"{frame.stream}_{frame.index}" if with_stream else frame.index
    name = Path(frame.source).stem
    return int(name) if name.isdecimal() else name


def _is_picture(frame: Frame) -> bool:
    """Whether it is the only frame of its file; an address of a picture gives a new one each time."""
    return is_image(frame.source) and "://" not in frame.source
