"""Bringing a record and its picture in line, before anything else is done with them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import Iterator, List, Optional, Sequence, Tuple

from splitdet.data.findings import Finding, Kind
from splitdet.data.pictures import Look, Problem, decode, decode_upright, encode, inspect
from splitdet.data.records import Image, ImageBytes, Record

SHAPE_TOLERANCE = 0.01
"""How far the ratio of sides may be off, where a picture was scaled and its boxes were not."""


@dataclass(frozen=True)
class Settled:
    """A record whose picture was looked at."""

    stored: Image
    """The picture as the dataset has it."""
    record: Optional[Record]
    """Its picture is in memory, whole, upright, a JPEG or PNG of 8 bits, and of the size that it says;
    None where it cannot be used."""
    findings: List[Finding]
    sha256: bytes = b""
    """Of the picture as it was stored."""
    hash: bytes = b""
    """32 bytes that look-alikes share nearly all of."""


def settle(record: Record) -> Settled:
    """Look at the picture of a record, and make it what every format and trainer takes.

    Boxes stay as they are, right or wrong, unless the picture has another size than they were
    made for: then they are scaled with it. The time goes into libraries that let other threads run.
    """
    findings: List[Finding] = []

    def lost(kind: Kind, what: str) -> Settled:
        return Settled(record.image, None, [*findings, Finding(kind, record.title, what)])

    try:
        data = record.image.read()
    except OSError as error:
        return lost(Kind.NOT_A_PICTURE, error.strerror or str(error))
    look, look_hash = inspect(data)
    if isinstance(look, Problem):
        return lost(look.kind, look.what)
    said = (record.width_px, record.height_px)
    size = _size_of_boxes(look, said)
    if size is None:
        return lost(Kind.WRONG_SIZE, _sizes(look.upright_px, said))
    findings += [Finding(kind, record.title, what) for kind, what in _oddities(look, record.name)]
    stored = record.image
    if 0 not in said and said != size:
        findings.append(Finding(Kind.WRONG_SIZE, record.title, _sizes(size, said)))
        factors = (size[0] / said[0], size[1] / said[1])
        record = replace(record, boxes=tuple(box.scaled(*factors) for box in record.boxes))
    suffixes = look.suffixes
    if look.orientation != 1 or not look.is_plain:
        turn = look.orientation != 1 and size == look.upright_px
        pixels = decode_upright(data) if turn else decode(data)
        if pixels is None:
            return lost(Kind.NOT_A_PICTURE, f"OpenCV does not read this {look.format}")
        suffixes = look.suffixes if ".jpg" in look.suffixes else (".png",)
        image = ImageBytes(encode(pixels, suffixes[0]))
    else:
        image = ImageBytes(data)
    settled = replace(
        record,
        image=image,
        name=_with_suffix(record.name, suffixes),
        width_px=size[0],
        height_px=size[1],
    )
    return Settled(stored, settled, findings, hashlib.sha256(data).digest(), look_hash)


def _size_of_boxes(look: Look, said: Tuple[int, int]) -> Optional[Tuple[int, int]]:
    """Width and height of the picture that the boxes are for: as turned by EXIF, or as stored.

    Args:
        said: width and height by the annotation, 0 where it does not tell.

    Returns:
        None where they are for neither, nor for either of them at another scale.
    """
    if 0 in said:
        return look.upright_px
    sizes = (look.upright_px, (look.width_px, look.height_px))
    if said in sizes:
        return said
    for width, height in sizes:
        if abs(said[0] * height / (said[1] * width) - 1) <= SHAPE_TOLERANCE:
            return width, height
    return None


def _sizes(real: Tuple[int, int], said: Tuple[int, int]) -> str:
    return "the picture has {}x{} pixels, its annotation says {}x{}".format(*real, *said)


def _oddities(look: Look, name: str) -> Iterator[Tuple[Kind, str]]:
    """What is unusual about a picture, and is set right."""
    if not name.lower().endswith(look.suffixes):
        yield Kind.WRONG_SUFFIX, f"is a {look.format}"
    if ".jpg" not in look.suffixes and ".png" not in look.suffixes:
        yield Kind.OTHER_FORMAT, look.format
    elif not look.is_plain:
        yield Kind.ODD_COLOURS, look.mode
    if look.orientation != 1:
        yield Kind.TURNED_PICTURE, f"EXIF orientation {look.orientation}"


def _with_suffix(name: str, suffixes: Sequence[str]) -> str:
    """`name` with an ending that fits the content."""
    return name if name.lower().endswith(tuple(suffixes)) else os.path.splitext(name)[0] + suffixes[0]
