"""KITTI: `image_2` and `label_2` in a folder for each part."""

from __future__ import annotations

from splitdet.data.formats.base import Writer
from splitdet.data.records import Box, Record

_UNKNOWN_ANGLE = -10
_UNKNOWN = "-1 -1 -1 -1000 -1000 -1000 -10"
"""Height, width, length, place and rotation of an object of which nothing is known, as KITTI has it."""


class KittiWriter(Writer):
    """Writes a line for each box; spaces in names of classes become `_`, since fields end at spaces."""

    def write(self, record: Record) -> None:
        """See `Writer.write`."""
        name = self.place(record)
        part = record.part + "/" if record.part else ""
        self.put(f"{part}image_2/{name}", record.image.read())
        stem = name.rpartition(".")[0]
        self.put(f"{part}label_2/{stem}.txt", "".join(map(_line, record.boxes)).encode())


def _line(box: Box) -> str:
    label = "_".join(box.label.split())
    edges = " ".join(f"{edge:.2f}" for edge in box.edges)
    state = f"{float(box.truncated):.2f} {int(box.occluded)} {_UNKNOWN_ANGLE}"
    return f"{label} {state} {edges} {_UNKNOWN}\n"
