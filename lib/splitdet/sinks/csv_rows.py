"""Results as a table, one row a detection."""

from __future__ import annotations

import csv
from typing import Optional

import numpy as np

from splitdet.labels import Labels
from splitdet.sinks.base import Sink
from splitdet.sinks.results_file import results_file
from splitdet.types import Detections, Frame

COLUMNS = (
    *("source", "frame", "time_s", "width", "height", "label", "class_id", "score", "track"),
    *("xmin_px", "ymin_px", "xmax_px", "ymax_px"),
)


class CsvSink(Sink):
    """A row for each detection, below a row of names; `track` is empty where nothing is tracked.

    Raises:
        SinkError: the file cannot be made.
    """

    def __init__(self, path: str, labels: Labels) -> None:
        self._file = results_file(path, head=",".join(COLUMNS) + "\n")
        self._labels = labels
        self._rows = csv.writer(self._file, lineterminator="\n")

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._file.path

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        of_frame = [frame.source, frame.index, round(frame.time_s, 6), frame.width, frame.height]
        tracks = [""] * len(found) if found.tracks is None else found.tracks.tolist()
        boxes = found.boxes_px(frame.height, frame.width).tolist()
        for box, class_id, score, track in zip(boxes, found.classes, found.scores, tracks):
            ymin, xmin, ymax, xmax = box
            of_box = [self._labels[class_id], class_id, score, track, xmin, ymin, xmax, ymax]
            self._rows.writerow(of_frame + of_box)

    def close(self) -> None:
        """See `Sink.close`."""
        self._file.close()
