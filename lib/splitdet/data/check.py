"""Looking for all that is wrong with a dataset, and writing a copy without it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, FrozenSet, List, Optional, Set

from splitdet.data.dataset import Dataset
from splitdet.data.duplicates import Duplicates
from splitdet.data.findings import Findings, Kind
from splitdet.data.formats.base import Writer
from splitdet.data.judge import TINY, judge_boxes
from splitdet.data.places import pictures_below, relative_to
from splitdet.data.records import ImageFile, Record
from splitdet.data.statistics import Statistics
from splitdet.data.transfer import Transferred, settled_records, transfer

FEW_BOXES = 20
"""A class with fewer boxes to learn from is rare."""
FEW_OF_COMMONEST = 0.02
"""So is one with less than this share of the boxes of the commonest."""


@dataclass(frozen=True)
class Checked:
    """What a check found."""

    findings: Findings
    statistics: Statistics
    """Of what is right, or can be mended."""
    copies: FrozenSet[int]
    """Positions of records that the fixed copy leaves out, as their picture is there already."""


def check(dataset: Dataset, tiny: float = TINY, limit: int = 0) -> Checked:
    """Read all of a dataset and tell what is wrong. Nothing is changed.

    Args:
        tiny: see `judge.TINY`.
        limit: see `Dataset.records`; what only the whole can tell is then not looked for.
    """
    findings = Findings()
    statistics = Statistics()
    duplicates = Duplicates()
    used: Set[Path] = set()
    for position, settled in settled_records(dataset, findings, limit, "checking"):
        record = settled.record
        if isinstance(settled.stored, ImageFile):
            used.add(settled.stored.path)
        if record is None:
            continue
        wrong, boxes = judge_boxes(record, _classes(dataset), tiny)
        findings.extend(wrong)
        if not record.boxes:
            findings.add(Kind.NO_BOXES, record.title)
        duplicates.add(position, settled, record)
        statistics.add(replace(record, boxes=boxes))
    copies = duplicates.report(findings)
    if not limit:
        _check_classes(dataset, statistics, findings)
        if used:
            _check_unused(dataset, used, findings)
    return Checked(findings, statistics, frozenset(copies))


def write_fixed(
    dataset: Dataset, checked: Checked, writer: Writer, tiny: float = TINY, limit: int = 0
) -> Transferred:
    """Write what is right, or can be mended; see `Kind.repair`.

    Args:
        checked: by `check`, with the same arguments.
    """
    classes = _classes(dataset)

    def mended(position: int, record: Record) -> Optional[Record]:
        if position in checked.copies:
            return None
        return replace(record, boxes=judge_boxes(record, classes, tiny)[1])

    return transfer(dataset, writer, mended, Findings(), limit)


def _classes(dataset: Dataset) -> Optional[FrozenSet[str]]:
    """Names that are binding; None where nothing says what they are."""
    label_map = dataset.label_map
    return None if label_map is None else frozenset(label_map.names.values())


def _check_classes(dataset: Dataset, statistics: Statistics, findings: Findings) -> None:
    """Whether there is enough of each class to learn from, and whether names are what they seem."""
    total = statistics.total.boxes
    names = [] if dataset.label_map is None else list(dataset.label_map.names.values())
    for name, count in Counter(names).items():
        if count > 1:
            findings.add(Kind.REPEATED_CLASS, name, f"has {count} ids in the label map")
    spellings: Dict[str, List[str]] = {}
    for name in sorted({*names, *total}):
        spellings.setdefault(re.sub(r"[\s_-]+", "", name).lower(), []).append(name)
    for alike in spellings.values():
        if len(alike) > 1:
            findings.add(Kind.SIMILAR_CLASSES, alike[0], "also " + ", ".join(map(repr, alike[1:])))
    for name, part in statistics.parts.items():
        for label in sorted({*names, *total}):
            if not part.boxes[label]:
                findings.add(Kind.MISSING_CLASS, label, f"in {name}" if name else "")
    learned = statistics.parts.get("train", statistics.total).boxes
    for label, count in sorted(learned.items()):
        if count < max(FEW_BOXES, FEW_OF_COMMONEST * max(learned.values())):
            findings.add(Kind.RARE_CLASS, label, f"{count} boxes to learn from")


def _check_unused(dataset: Dataset, used: Set[Path], findings: Findings) -> None:
    """Pictures that no annotation speaks of."""
    root = dataset.reader.root
    for path in pictures_below(root):
        if path not in used:
            findings.add(Kind.NO_ANNOTATION, str(relative_to(root, path)))
