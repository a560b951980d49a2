"""Masks as COCO writes them: run lengths, as text.

Pixels are counted column by column, from the top left: so many outside, so many inside, and so on.
Each count from the fourth on is written as its difference from the last but one; a number goes into
groups of five bits, lowest first, with a sixth bit that says whether more follow, each group as the
character 48 places further on (`rleToString` of the COCO API's maskApi.c).
"""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np

from splitdet.masks import place_mask
from splitdet.types import Detections

Rle = Dict[str, Any]
"""`size`: height and width; `counts`: the text. What `pycocotools.mask.decode` takes."""
_MOST_GROUPS = 7
"""Of bits in one number of a text: no picture has 2**35 pixels."""


def mask_rles(found: Detections, height: int, width: int) -> List[Rle]:
    """The masks of `frame_masks`, without filling frames with them.

    Raises:
        ValueError: the model gives no masks.
    """
    if found.masks is None:
        raise ValueError("these detections have no masks")
    rles = []
    for mask, box in zip(found.masks, found.boxes):
        rows, columns, inside = place_mask(mask, box, height, width)
        counts = run_lengths(inside, rows.start, columns.start, height, width)
        rles.append({"size": [height, width], "counts": as_text(counts)})
    return rles


def run_lengths(inside: np.ndarray, top: int, left: int, height: int, width: int) -> List[int]:
    """Pixels outside, inside, outside, .. of a frame of `height` x `width`, column by column.

    Args:
        inside: bool (h, w), a part of the frame whose first pixel is at `top`, `left`.
    """
    columns = np.zeros((inside.shape[1], inside.shape[0] + 2), np.int8)
    columns[:, 1:-1] = inside.T
    steps = np.diff(columns, axis=1)
    column, row = np.nonzero(steps)  # begins and ends take turns, as each column ends outside
    places = (left + column) * height + top + row
    # a run that ends at the lower edge goes on at the top of the next column
    joins = np.flatnonzero(places[1:-1:2] == places[2::2])
    places = np.delete(places, np.concatenate([2 * joins + 1, 2 * joins + 2]))
    edges = np.concatenate([[0], places, [height * width]])
    lengths: List[int] = np.diff(edges).tolist()
    return lengths if lengths[-1] or len(lengths) == 1 else lengths[:-1]


def as_text(counts: List[int]) -> str:
    """Run lengths as the text of COCO."""
    characters = []
    for position, count in enumerate(counts):
        number = count - counts[position - 2] if position > 2 else count
        more = True
        while more:
            group = number & 0x1F
            number >>= 5
            more = number != (-1 if group & 0x10 else 0)
            characters.append(chr(48 + (group | (0x20 if more else 0))))
    return "".join(characters)


def from_text(text: str) -> np.ndarray:
    """The run lengths that a text of COCO stands for: int64 (N,).

    Raises:
        ValueError: it stands for none.
    """
    groups = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    if not len(groups) or groups.min() < 0 or groups.max() >= 0x40 or groups[-1] & 0x20:
        raise ValueError("not the text of run lengths")
    ends = np.flatnonzero((groups & 0x20) == 0)
    sizes = np.diff(ends, prepend=-1)
    if sizes.max() > _MOST_GROUPS:
        raise ValueError(f"a run length of more than {_MOST_GROUPS} groups of bits")
    begins = ends + 1 - sizes
    places = np.arange(len(groups)) - np.repeat(begins, sizes)
    counts = np.add.reduceat((groups & 0x1F) << 5 * places, begins)
    counts -= np.where(groups[ends] & 0x10, 1 << 5 * sizes, 0)
    for first in (1, 2):
        counts[first::2] = np.cumsum(counts[first::2])
    return np.asarray(counts)


def is_rle(value: Any) -> bool:
    """Whether a value from a file is the run lengths of a whole mask, as text or as a list."""
    size, counts = (value.get("size"), value.get("counts")) if isinstance(value, dict) else (None, None)
    if isinstance(counts, str):
        try:
            counts = from_text(counts).tolist()
        except ValueError:
            return False
    if not isinstance(size, list) or not isinstance(counts, list) or len(size) != 2:
        return False
    if any(type(number) is not int or number < 0 for number in [*size, *counts]):
        return False
    height, width = size
    return bool(0 < height * width == sum(counts))
