"""Counting what a dataset holds."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Dict, Iterable, List, Tuple
from typing import Counter as CounterType

from splitdet.data.records import PARTS, Record
from splitdet.data.text import one_line

PART_TITLES = {"val": "validation"}
SIZE_STEPS = 20
"""Cells of the histogram of box sizes."""
_RULE = "-" * 37


class PartCounts:
    """What a part of a dataset holds."""

    def __init__(self) -> None:
        self.pictures = 0
        self.empty = 0
        """Pictures without boxes."""
        self.boxes: CounterType[str] = Counter()
        """Class to boxes."""
        self.sizes_px: CounterType[Tuple[int, int]] = Counter()
        """Width and height to pictures."""
        self.box_sizes: List[int] = [0] * SIZE_STEPS
        """Boxes by the root of their share of the picture: 0..1 in equal steps."""

    def add(self, record: Record) -> None:
        """Count a record."""
        self.pictures += 1
        self.empty += not record.boxes
        self.sizes_px[(record.width_px, record.height_px)] += 1
        area = record.width_px * record.height_px
        for box in record.boxes:
            self.boxes[box.label] += 1
            share = max(box.width_px, 0) * max(box.height_px, 0) / area if area else 0
            if math.isfinite(share):  # edges may be no numbers at all
                self.box_sizes[min(SIZE_STEPS - 1, int(share**0.5 * SIZE_STEPS))] += 1

    def __iadd__(self, other: PartCounts) -> PartCounts:
        self.pictures += other.pictures
        self.empty += other.empty
        self.boxes += other.boxes
        self.sizes_px += other.sizes_px
        self.box_sizes = [a + b for a, b in zip(self.box_sizes, other.box_sizes)]
        return self


class Statistics:
    """What a dataset holds, part by part."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._parts: Dict[str, PartCounts] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Count a record."""
        self._parts.setdefault(record.part, PartCounts()).add(record)

    @property
    def parts(self) -> Dict[str, PartCounts]:
        """Counts of each part, in the usual order."""
        order = (*PARTS, "")
        return {name: self._parts[name] for name in sorted(self._parts, key=order.index)}

    @property
    def total(self) -> PartCounts:
        """Counts of all parts together."""
        total = PartCounts()
        for part in self._parts.values():
            total += part
        return total

    def as_text(self) -> str:
        """The table that jetson-inference's open_images_downloader.py prints, with sizes below it."""
        lines: List[str] = []
        for name, part in self.parts.items():
            if name:
                lines += _table(f"'{PART_TITLES.get(name, name)}' set statistics", part)
        total = self.total
        lines += _table("Overall statistics", total, with_classes="" in self._parts)
        sizes = total.sizes_px.most_common(5)
        told = [f"{width}x{height} ({count})" for (width, height), count in sizes if width]
        if told:
            more = len(total.sizes_px) - len(sizes)
            lines.append("  Image sizes:  " + ", ".join(told) + (f" and {more} more" if more else ""))
        if total.empty:
            lines.append(f"  Images without boxes:  {total.empty}")
        return "\n".join(lines)

    def as_json(self) -> Dict[str, Any]:
        """The same, for programs."""
        return {
            name or "all": {
                "pictures": part.pictures,
                "without_boxes": part.empty,
                "boxes": sum(part.boxes.values()),
                "classes": dict(part.boxes.most_common()),
            }
            for name, part in self.parts.items()
        }


def _table(title: str, part: PartCounts, with_classes: bool = True) -> List[str]:
    count = sum(part.boxes.values())
    lines = [_RULE, " " + title, _RULE]
    lines += [f"  Image count:  {part.pictures}", f"  Bounding box count:  {count}"]
    if with_classes and count:
        lines.append("  Bounding box distribution: ")
        for label, boxes in part.boxes.most_common():
            lines.append(f"    {one_line(label)}:  {boxes}/{count} = {boxes / count:.2f}")
    return [*lines, ""]
