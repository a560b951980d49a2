"""YOLO as Ultralytics reads it: `images/<part>`, `labels/<part>` and data.yaml."""

from __future__ import annotations

from typing import Any, Dict, Set

import yaml

from splitdet.data.formats.base import Writer
from splitdet.data.records import PARTS, Box, Record


class YoloWriter(Writer):
    """Writes a line for each box; ids count from 0, in the order of those of the label map."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._positions = {number: index for index, number in enumerate(sorted(self.labels.names))}
        self._parts: Set[str] = set()

    def write(self, record: Record) -> None:
        """See `Writer.write`."""
        name = self.place(record)
        part = record.part + "/" if record.part else ""
        self._parts.add(record.part)
        self.put(f"images/{part}{name}", record.image.read())
        lines = [self._line(box, record.width_px, record.height_px) for box in record.boxes]
        stem = name.rpartition(".")[0]
        self.put(f"labels/{part}{stem}.txt", "".join(lines).encode())

    def _line(self, box: Box, width_px: int, height_px: int) -> str:
        relative = box.scaled(1 / width_px, 1 / height_px)
        x, y = (relative.xmin + relative.xmax) / 2, (relative.ymin + relative.ymax) / 2
        values = (x, y, relative.width_px, relative.height_px)
        return (
            " ".join([str(self._positions[self.ids[box.label]]), *(f"{v:.6f}" for v in values)]) + "\n"
        )

    def close(self) -> None:
        """See `Writer.close`."""
        content: Dict[str, Any] = {part: f"images/{part}" for part in PARTS if part in self._parts} or {
            "train": "images",
            "val": "images",
        }
        names = [name for _, name in sorted(self.labels.names.items())]
        content["names"] = dict(enumerate(names))
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        self.put("data.yaml", text.encode())
        super().close()
