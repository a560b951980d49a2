"""Pascal VOC: `Annotations` and `JPEGImages` in a folder for each part."""

from __future__ import annotations

from xml.etree import ElementTree

from splitdet.data.formats.base import Writer
from splitdet.data.records import Box, Record
from splitdet.data.text import one_line


class VocWriter(Writer):
    """Writes XML files; edges get two decimals where they are no whole pixels."""

    def write(self, record: Record) -> None:
        """See `Writer.write`."""
        name = self.place(record)
        part = record.part + "/" if record.part else ""
        self.put(f"{part}JPEGImages/{name}", record.image.read())
        stem = name.rpartition(".")[0]
        self.put(f"{part}Annotations/{stem}.xml", _annotation(record, name))


def _annotation(record: Record, name: str) -> bytes:
    root = ElementTree.Element("annotation")
    _add(root, "folder", "JPEGImages")
    _add(root, "filename", name)
    size = ElementTree.SubElement(root, "size")
    _add(size, "width", str(record.width_px))
    _add(size, "height", str(record.height_px))
    _add(size, "depth", "3")
    _add(root, "segmented", "0")
    for box in record.boxes:
        _add_box(root, box)
    return bytes(ElementTree.tostring(root, encoding="utf-8")) + b"\n"


def _add_box(root: ElementTree.Element, box: Box) -> None:
    item = ElementTree.SubElement(root, "object")
    _add(item, "name", box.label)
    _add(item, "pose", "Unspecified")
    _add(item, "truncated", str(int(box.truncated)))
    _add(item, "difficult", str(int(box.difficult)))
    _add(item, "occluded", str(int(box.occluded)))
    edges = ElementTree.SubElement(item, "bndbox")
    for edge in ("xmin", "ymin", "xmax", "ymax"):
        _add(edges, edge, f"{getattr(box, edge):.2f}".rstrip("0").rstrip("."))


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = one_line(text)  # XML has no place for the rest
