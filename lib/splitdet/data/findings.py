"""What can be wrong with a dataset, and what was found wrong with one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Dict, Iterable, List

from splitdet.data.text import one_line

MOST_KEPT = 1000
"""So many findings of a kind are kept in full; those beyond are counted only."""


class Severity(Enum):
    """How bad it is."""

    ERROR = "error"
    """Training breaks, or learns what is wrong; or something could not be read."""
    WARNING = "warning"
    """Likely to cost accuracy."""
    NOTE = "note"
    """Good to know."""


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE


class Kind(Enum):
    """All that is looked for: severity, title, and what the fixed copy does about it."""

    BROKEN_ANNOTATION = (_E, "annotation that cannot be read", "left out")
    HOSTILE_XML = (_E, "XML with entities or a DTD", "left out")
    OUTSIDE_PATH = (
        _W,
        "path that leads out of the dataset",
        "never followed; the picture is looked for here",
    )
    MISSING_PICTURE = (_E, "picture that is missing", "left out")
    UNLISTED_PICTURE = (_E, "boxes of a picture that is not listed", "left out")
    REPEATED_ID = (_E, "id that is given twice", "the first is kept")
    BAD_CHECKSUM = (_E, "record with a wrong checksum", "left out")
    CUT_OFF_FILE = (_E, "record file that is cut off", "the whole records are kept")
    MISSING_SHARD = (_E, "record file that is missing", "the others are kept")

    EMPTY_PICTURE = (_E, "picture file that is empty", "left out")
    NOT_A_PICTURE = (_E, "file that is no picture", "left out")
    CUT_OFF_PICTURE = (_E, "picture that is cut off", "left out")
    HUGE_PICTURE = (_E, "picture that is too large to open", "left out")
    WRONG_SIZE = (
        _E,
        "size that is not the picture's",
        "boxes scaled where the shape is the same, else left out",
    )
    NO_SIZE = (_W, "annotation without the picture's size", "filled in")
    WRONG_SUFFIX = (_W, "file name that belies the format", "renamed")
    OTHER_FORMAT = (_W, "picture that is neither JPEG nor PNG", "converted to PNG")
    ODD_COLOURS = (_W, "picture that is not 8-bit grey or RGB", "converted to RGB")
    TURNED_PICTURE = (_W, "picture that its EXIF tag turns", "turned as its boxes are, the tag dropped")

    BROKEN_BOX = (_E, "box that cannot be read", "left out")
    INVERTED_BOX = (_E, "box with edges the wrong way round", "edges swapped")
    EMPTY_BOX = (_E, "box without area", "left out")
    OUTSIDE_BOX = (_E, "box outside of the picture", "left out")
    OVERHANGING_BOX = (_W, "box that hangs over the edge", "clipped")
    TINY_BOX = (_W, "box that is tiny", "kept")
    REPEATED_BOX = (_W, "box that is there twice", "the first is kept")
    NO_CLASS = (_E, "box without a class", "left out")
    UNKNOWN_CLASS = (_E, "class that is not in the label map", "left out")
    OTHER_CLASS = (_E, "class whose id and name disagree", "the name is kept")

    LEAK = (_E, "picture in two parts", "one is kept: in test before val before train")
    REPEATED_PICTURE = (_W, "picture that is there twice", "the first is kept")
    CONTRADICTION = (_E, "same picture with other boxes", "the first is kept")
    LOOK_ALIKE_LEAK = (_W, "look-alikes in two parts", "kept; split again")
    LOOK_ALIKE = (_N, "pictures that look alike", "kept")
    NO_ANNOTATION = (_W, "picture without an annotation", "left out")
    NO_BOXES = (_N, "picture without boxes", "kept, as background")

    REPEATED_CLASS = (_E, "class with two ids", "kept")
    SIMILAR_CLASSES = (_W, "classes that differ in case or spaces only", "kept")
    RARE_CLASS = (_W, "class with few boxes", "kept")
    MISSING_CLASS = (_W, "class without a box", "kept")

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.value[0]

    @property
    def title(self) -> str:
        """What it is, for people."""
        return self.value[1]

    @property
    def repair(self) -> str:
        """What the fixed copy does about it."""
        return self.value[2]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    where: str
    """Picture or file, and the place in it."""
    what: str = ""
    """The values that are wrong."""

    def __str__(self) -> str:
        return one_line(f"{self.where}: {self.what or self.kind.title}")


class Findings:
    """All that was found in a dataset, in flat memory."""

    def __init__(self) -> None:
        self.counts: Dict[Kind, int] = Counter()
        self.kept: Dict[Kind, List[Finding]] = {}

    def add(self, kind: Kind, where: str, what: str = "") -> None:
        """Count one, and keep it unless there are very many of its kind."""
        self.counts[kind] += 1
        kept = self.kept.setdefault(kind, [])
        if len(kept) < MOST_KEPT:
            kept.append(Finding(kind, where, what))

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add several."""
        for one in findings:
            self.add(one.kind, one.where, one.what)

    def total(self, severity: Severity) -> int:
        """How many there are of a severity."""
        return sum(count for kind, count in self.counts.items() if kind.severity is severity)

    def of(self, severity: Severity) -> List[Kind]:
        """The kinds of a severity that were found, in the order in which they are declared."""
        return [kind for kind in Kind if kind.severity is severity and self.counts.get(kind)]
