"""Smaller pictures, with their boxes."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Tuple

import cv2

from splitdet.data.pictures import decode, encode
from splitdet.data.records import ImageBytes, Record


@dataclass(frozen=True)
class Shrink:
    """How small pictures become; none becomes larger."""

    longest_px: int = 0
    """Longest side, the ratio of sides kept; 0: `size_px` counts."""
    size_px: Tuple[int, int] = (0, 0)
    """Most width and height, the ratio lost, as in a detector of this input size."""

    def size_of(self, width_px: int, height_px: int) -> Tuple[int, int]:
        """Width and height of a picture afterwards."""
        if self.longest_px:
            factor = min(1.0, self.longest_px / max(width_px, height_px))
            return max(1, round(width_px * factor)), max(1, round(height_px * factor))
        return min(width_px, self.size_px[0]), min(height_px, self.size_px[1])

    def __call__(self, record: Record) -> Record:
        """A settled record, smaller; one that is small enough stays as it is, to the byte."""
        before = (record.width_px, record.height_px)
        after = self.size_of(*before)
        pixels = decode(record.image.read()) if after != before else None
        if pixels is None:
            return record
        smaller = cv2.resize(pixels, after, interpolation=cv2.INTER_AREA)
        suffix = ".png" if os.path.splitext(record.name)[1].lower() == ".png" else ".jpg"
        factors = (after[0] / before[0], after[1] / before[1])
        return replace(
            record,
            image=ImageBytes(encode(smaller, suffix)),
            width_px=after[0],
            height_px=after[1],
            boxes=tuple(box.scaled(*factors) for box in record.boxes),
        )
