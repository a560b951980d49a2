"""Results as a Parquet file, one row a frame, with the fields of the JSON lines."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Dict, List, Optional

import numpy as np

from splitdet.addresses import printable
from splitdet.compat import extra
from splitdet.labels import Labels
from splitdet.sinks.base import Sink
from splitdet.sinks.files import make_folder, writing
from splitdet.sinks.json_lines import frame_record
from splitdet.types import Detections, Frame

ROWS_OF_A_GROUP = 1000
"""Frames that are held until they are written."""


class ParquetSink(Sink):
    """One row for each frame, as `frame_record` makes it. All files have all columns; what a model
    does not give is null, and what of a name is not UTF-8 is escaped: `\\udcff`.

    Args:
        box_px: give boxes in pixels too.

    Raises:
        ExtraError: pyarrow is not installed.
        SinkError: the file cannot be made.
    """

    def __init__(self, path: str, labels: Labels, box_px: bool = False) -> None:
        with extra("ray"):
            self._pyarrow: Any = import_module("pyarrow")
            parquet: Any = import_module("pyarrow.parquet")
        make_folder(path)
        self._path = path
        self._labels = labels
        self._box_px = box_px
        self._rows: List[Dict[str, Any]] = []
        self._schema = _schema(self._pyarrow)
        with writing(path):
            self._file = parquet.ParquetWriter(path, self._schema)

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._path

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        record = frame_record(frame, found, self._labels, self._box_px)
        self._rows.append({**record, "source": printable(frame.source)})
        if len(self._rows) == ROWS_OF_A_GROUP:
            self._write_group()

    def close(self) -> None:
        """See `Sink.close`."""
        try:
            if self._rows:
                self._write_group()
        finally:
            with writing(self._path):
                self._file.close()

    def _write_group(self) -> None:
        rows, self._rows = self._rows, []
        with writing(self._path):
            self._file.write_table(self._pyarrow.Table.from_pylist(rows, self._schema))


def _schema(pyarrow: Any) -> Any:
    """The columns, with the names that `frame_record` gives them."""
    mask = pyarrow.struct({"size": pyarrow.list_(pyarrow.int64()), "counts": pyarrow.string()})
    detection = {
        "box": pyarrow.list_(pyarrow.float32()),
        "score": pyarrow.float32(),
        "class_id": pyarrow.int64(),
        "label": pyarrow.string(),
        "box_px": pyarrow.list_(pyarrow.int64()),
        "mask": mask,
        "track": pyarrow.int64(),
    }
    share = {"class_id": pyarrow.int64(), "label": pyarrow.string(), "share": pyarrow.float64()}
    columns = {
        "schema": pyarrow.int64(),
        "frame": pyarrow.int64(),
        "source": pyarrow.string(),
        "time_s": pyarrow.float64(),
        "width": pyarrow.int64(),
        "height": pyarrow.int64(),
        "detections": pyarrow.list_(pyarrow.struct(list(detection.items()))),
        "segmentation": pyarrow.list_(pyarrow.struct(list(share.items()))),
    }
    return pyarrow.schema(list(columns.items()))
