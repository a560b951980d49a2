"""Ways to break a dataset of `datasets.records`, and datasets that are wrong from the start."""

from __future__ import annotations

import io
import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List

import cv2

from datasets import BOXES, encoded, pixels, record, records
from splitdet.data.example import Example
from splitdet.data.records import Box, ImageBytes, Record
from splitdet.data.tfrecord import RecordIndex, read_record, write_record

Break = Callable[[Path], None]


def edit_text(pattern: str, *changes: str) -> Break:
    """Replace text in the first file that matches `pattern`: old, new, old, new, .."""

    def damage(folder: Path) -> None:
        path = sorted(folder.glob(pattern))[0]
        text = path.read_text(encoding="utf-8")
        for old, new in zip(changes[::2], changes[1::2]):
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")

    return damage


def edit_bytes(pattern: str, change: Callable[[bytes], bytes]) -> Break:
    """Change the first file that matches `pattern`."""

    def damage(folder: Path) -> None:
        path = sorted(folder.glob(pattern))[0]
        path.write_bytes(change(path.read_bytes()))

    return damage


def edit_json(change: Callable[[Dict[str, Any]], None]) -> Break:
    """Change the JSON of a COCO dataset."""

    def damage(folder: Path) -> None:
        path = folder / "annotations/instances.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return damage


def edit_example(change: Callable[[Any], None]) -> Break:
    """Change the features of the first record of a TFRecord file; its checksums are right again."""

    def damage(folder: Path) -> None:
        path = next(folder.glob("*.record-*"))
        contents = [read_record(path, offset) for offset in RecordIndex(path).offsets]
        example = Example.FromString(contents[0])
        change(example.features.feature)
        with open(str(path), "wb") as file:
            for content in [example.SerializeToString(), *contents[1:]]:
                write_record(file, content)

    return damage


def with_box(*edges: float, label: str = "cat") -> List[Record]:
    """Four pictures, the first of which has a box of these edges as well."""
    extra = Box.of(label, edges)
    return [record(0, (*BOXES, extra)), *records()[1:]]


def nothing(folder: Path) -> None:
    """It is written broken."""


def exif(orientation: int) -> Callable[[bytes], bytes]:
    def turned(data: bytes) -> bytes:
        from PIL import Image

        out = io.BytesIO()
        with Image.open(io.BytesIO(data)) as picture:
            tags = picture.getexif()
            tags[0x0112] = orientation
            picture.save(out, "JPEG", exif=tags, quality=95)
        return out.getvalue()

    return turned


def cmyk(data: bytes) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        picture.convert("CMYK").save(out, "JPEG")
    return out.getvalue()


def huge(data: bytes) -> bytes:
    """The beginning of a PNG of 60000 x 60000 pixels."""
    size = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", size) + _chunk(b"IDAT", data)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def both(*damages: Break) -> Break:
    def damage(folder: Path) -> None:
        for one in damages:
            one(folder)

    return damage


def delete(pattern: str) -> Break:
    def damage(folder: Path) -> None:
        sorted(folder.glob(pattern))[0].unlink()

    return damage


def same_picture_in(*parts: str) -> List[Record]:
    """Records in these parts, the first two of which show the same picture."""
    content = [record(max(0, number - 1), part=part) for number, part in enumerate(parts)]
    return [replace(one, name=f"p{number}.jpg") for number, one in enumerate(content)]


def alike_in(*parts: str) -> List[Record]:
    """Records in these parts, the second of which is the first at another quality and scale."""
    smaller = cv2.resize(pixels(0), (48, 32), interpolation=cv2.INTER_AREA)
    content = [record(number, part=part) for number, part in enumerate(parts)]
    boxes = tuple(box.scaled(0.5, 0.5) for box in BOXES)
    image = ImageBytes(encoded(smaller))
    content[1] = replace(content[1], image=image, width_px=48, height_px=32, boxes=boxes)
    return content


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;">]>
<annotation><filename>&d;</filename></annotation>"""
FILE_READER = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<annotation><filename>p0.jpg</filename><object><name>&f;</name></object></annotation>"""


def written(text: str) -> Callable[[bytes], bytes]:
    return lambda data: text.encode()


def write_first(folder: Path, data: bytes) -> None:
    """Put `data` into the place of the first record."""
    path = next(folder.glob("*.record-*"))
    contents = [read_record(path, offset) for offset in RecordIndex(path).offsets]
    with open(str(path), "wb") as file:
        for content in [data, *contents[1:]]:
            write_record(file, content)
