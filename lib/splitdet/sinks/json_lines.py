"""Results as JSON, one line a frame."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

import numpy as np

from splitdet.labels import Labels
from splitdet.rle import mask_rles
from splitdet.sinks.base import Sink
from splitdet.sinks.results_file import results_file
from splitdet.types import Detections, Frame, Segmentation

SCHEMA = 1


class JsonSink(Sink):
    """One object a line, as `frame_record` makes it.

    Args:
        box_px: give boxes in pixels too.
        with_stream: say which of several inputs a frame is from.

    Raises:
        SinkError: the file cannot be made.
    """

    def __init__(
        self, path: str, labels: Labels, box_px: bool = False, with_stream: bool = False
    ) -> None:
        self._file = results_file(path)
        self._labels = labels
        self._box_px = box_px
        self._with_stream = with_stream

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._file.path

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        record = frame_record(frame, found, self._labels, self._box_px)
        if self._with_stream:
            record["stream"] = frame.stream
        self._file.write(json.dumps(record) + "\n")

    def close(self) -> None:
        """See `Sink.close`."""
        self._file.close()


def frame_record(
    frame: Frame, found: Detections, labels: Labels, box_px: bool = False
) -> Dict[str, Any]:
    """What was found in a frame, ready for JSON; the fields are described in docs/output.md.

    A field that not every detection has stands last: `box_px` where it is wanted, `mask` (see
    `splitdet.rle`) where the model gives masks, `track` where things are tracked. A segmented frame
    has the share of the picture that each class takes, 0..1, beside its detections.
    """
    detections: List[Dict[str, Any]] = [
        {
            "box": [float(edge) for edge in box],
            "score": float(score),
            "class_id": int(class_id),
            "label": labels[class_id],
        }
        for box, score, class_id in zip(found.boxes, found.scores, found.classes)
    ]
    further: Dict[str, List[Any]] = {}
    if box_px:
        further["box_px"] = found.boxes_px(frame.height, frame.width).tolist()
    if found.masks is not None:
        further["mask"] = mask_rles(found, frame.height, frame.width)
    if found.tracks is not None:
        further["track"] = found.tracks.tolist()
    for name, values in further.items():
        for detection, value in zip(detections, values):
            detection[name] = value
    record = {
        "schema": SCHEMA,
        "frame": frame.index,
        "source": frame.source,
        "time_s": round(frame.time_s, 6),
        "width": frame.width,
        "height": frame.height,
        "detections": detections,
    }
    if isinstance(found, Segmentation):
        record["segmentation"] = [
            {"class_id": class_id, "label": labels[class_id], "share": share}
            for class_id, share in found.shares().items()
        ]
    return record
