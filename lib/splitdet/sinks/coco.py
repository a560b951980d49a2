"""Results as COCO's evaluation reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import numpy as np

from splitdet.rle import mask_rles
from splitdet.sinks.base import Sink
from splitdet.sinks.files import TextFile
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
        self._file = TextFile(path)
        self._before = "[\n"

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._file.path

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
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
    if not is_image(frame.source):
        return f"{frame.stream}_{frame.index}" if with_stream else frame.index
    name = Path(frame.source).stem
    return int(name) if name.isdecimal() else name
