"""Judging the boxes of a settled record, and mending them."""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, List, Optional, Set, Tuple

from splitdet.data.findings import Finding, Kind
from splitdet.data.records import Box, Record

TINY = 0.01
"""A box is tiny when a side is less than this share of the picture's: 3 of the 300 pixels that a small
detector sees."""
_SLACK_PX = 0.5
"""How far an edge may be outside before it is told: formats round."""


MENDED = (
    *(Kind.BROKEN_BOX, Kind.INVERTED_BOX, Kind.EMPTY_BOX, Kind.OUTSIDE_BOX, Kind.OVERHANGING_BOX),
    *(Kind.REPEATED_BOX, Kind.NO_CLASS, Kind.UNKNOWN_CLASS),
)
"""What the fixed copy does not have any more."""


def judge_boxes(
    record: Record, classes: Optional[AbstractSet[str]] = None, tiny: float = TINY
) -> Tuple[List[Finding], Tuple[Box, ...]]:
    """What is wrong with the boxes of a record, and those boxes as the fixed copy has them.

    Args:
        record: a settled one, so that its size is that of its picture.
        classes: those of the label map; None: any are good.
        tiny: see `TINY`.
    """
    findings: List[Finding] = []
    kept: List[Box] = []
    seen: Set[Tuple[object, ...]] = set()
    for number, box in enumerate(record.boxes, start=1):
        wrong, mended = _judge(box, record.width_px, record.height_px, classes, tiny)
        if mended is not None:
            key = (box.label, *(round(edge, 2) for edge in mended.edges))
            if key in seen:
                wrong.append((Kind.REPEATED_BOX, _told(box)))
            else:
                seen.add(key)
                kept.append(mended)
        where = f"{record.title}: box {number}" + (f" ({box.label})" if box.label else "")
        findings += [Finding(kind, where, what) for kind, what in wrong]
    return findings, tuple(kept)


def can_be_written(box: Box, classes: AbstractSet[str]) -> bool:
    """Whether a format has a place for a box, right or wrong."""
    return box.label in classes and box.is_finite


def _judge(
    box: Box, width_px: int, height_px: int, classes: Optional[AbstractSet[str]], tiny: float
) -> Tuple[List[Tuple[Kind, str]], Optional[Box]]:
    """What is wrong with a box, and the box without that; None where nothing is left of it."""
    wrong: List[Tuple[Kind, str]] = []
    if not box.is_finite:
        return [(Kind.BROKEN_BOX, _told(box))], None
    if not box.label.strip():
        return [(Kind.NO_CLASS, _told(box))], None
    if classes is not None and box.label not in classes:
        return [(Kind.UNKNOWN_CLASS, box.label)], None
    if box.width_px < 0 or box.height_px < 0:
        wrong.append((Kind.INVERTED_BOX, _told(box)))
        across, down = sorted((box.xmin, box.xmax)), sorted((box.ymin, box.ymax))
        box = replace(box, xmin=across[0], xmax=across[1], ymin=down[0], ymax=down[1])
    if not (box.width_px and box.height_px):
        return [*wrong, (Kind.EMPTY_BOX, _told(box))], None
    inside = replace(
        box,
        xmin=min(max(box.xmin, 0.0), width_px),
        xmax=min(max(box.xmax, 0.0), width_px),
        ymin=min(max(box.ymin, 0.0), height_px),
        ymax=min(max(box.ymax, 0.0), height_px),
    )
    told = f"{_told(box)} of {width_px}x{height_px}"
    if not (inside.width_px and inside.height_px):
        return [*wrong, (Kind.OUTSIDE_BOX, told)], None
    if max(abs(a - b) for a, b in zip(box.edges, inside.edges)) > _SLACK_PX:
        wrong.append((Kind.OVERHANGING_BOX, told))
    if inside.width_px < tiny * width_px or inside.height_px < tiny * height_px:
        size = f"{inside.width_px:.4g}x{inside.height_px:.4g}"
        wrong.append((Kind.TINY_BOX, f"{size} of {width_px}x{height_px}"))
    return wrong, inside


def _told(box: Box) -> str:
    """The edges, for messages."""
    return f"x {box.xmin:.6g} to {box.xmax:.6g}, y {box.ymin:.6g} to {box.ymax:.6g}"
