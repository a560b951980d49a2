"""Open Images: pictures in a folder for each part, and CSV files beside them."""

from __future__ import annotations

import csv
import io
from typing import Any, Dict, List, Sequence, TextIO

from splitdet.data.formats.base import Writer
from splitdet.data.records import Box, Record

PART_NAMES = {"train": "train", "val": "validation", "test": "test"}
"""What Open Images calls the parts."""
BOX_COLUMNS = (
    *("ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax"),
    *("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside"),
)
_IMAGE_COLUMNS = ("ImageID", "Subset")


class OpenImagesWriter(Writer):
    """Writes `<part>-annotations-bbox.csv`, and `<part>-images.csv` for pictures without boxes, too."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._files: Dict[str, TextIO] = {}

    def write(self, record: Record) -> None:
        """See `Writer.write`."""
        name = self.place(record, flat=True)
        part = PART_NAMES.get(record.part, "")
        self.put(f"{part or 'images'}/{name}", record.image.read())
        image_id = name.rpartition(".")[0]
        before = part + "-" if part else ""
        self._add(before + "images.csv", _IMAGE_COLUMNS, [(image_id, part)])
        rows = [_row(image_id, box, record.width_px, record.height_px) for box in record.boxes]
        self._add(before + "annotations-bbox.csv", BOX_COLUMNS, rows)

    def _add(self, name: str, columns: Sequence[str], rows: List[Sequence[Any]]) -> None:
        file = self._files.get(name)
        if file is None:
            path = self.folder / name
            # names of files need not be UTF-8
            opened = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
            file = self.opened.enter_context(opened)
            self._files[name] = file
            csv.writer(file).writerow(columns)
        csv.writer(file).writerows(rows)

    def close(self) -> None:
        """See `Writer.close`."""
        self.bytes_written += sum(file.tell() for file in self._files.values())
        text = io.StringIO()
        csv.writer(text).writerows((name, name) for _, name in sorted(self.labels.names.items()))
        self.put("class-descriptions-boxable.csv", text.getvalue().encode())
        super().close()


def _row(image_id: str, box: Box, width_px: int, height_px: int) -> Sequence[Any]:
    across = [f"{x / width_px:.6f}" for x in (box.xmin, box.xmax)]
    down = [f"{y / height_px:.6f}" for y in (box.ymin, box.ymax)]
    flags = [int(flag) for flag in (box.occluded, box.truncated, box.crowd)]
    return (image_id, "splitdet", box.label, 1, *across, *down, *flags, 0, 0)
