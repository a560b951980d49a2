"""Keeping, leaving out and renaming classes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from typing import Dict, FrozenSet, Iterable, Optional

from splitdet.data.records import Record
from splitdet.errors import DataError
from splitdet.labels import Labels


@dataclass(frozen=True)
class ClassChange:
    """What becomes of each class; first they are chosen, then renamed."""

    keep: FrozenSet[str] = frozenset()
    """The only ones to keep; empty: all."""
    drop: FrozenSet[str] = frozenset()
    rename: Dict[str, str] = field(default_factory=dict)
    """Old name to new; the new one may be that of another class, which then has the boxes of both."""

    def check(self, labels: Labels) -> None:
        """Raise DataError for a class that is not among `labels`."""
        known = set(labels.names.values())
        for name in (*self.keep, *self.drop, *self.rename):
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise DataError(f"{name}: no such class in this dataset{hint}")

    def name(self, label: str) -> Optional[str]:
        """The new name of a class; None where it is left out."""
        if (self.keep and label not in self.keep) or label in self.drop:
            return None
        return self.rename.get(label, label)

    def labels(self, labels: Labels) -> Labels:
        """The label map afterwards: ids stay while all classes do, else they are counted anew."""
        names = {number: self.name(label) for number, label in sorted(labels.names.items())}
        kept = list(dict.fromkeys(name for name in names.values() if name is not None))
        if len(kept) == len(names):
            return Labels({number: name for number, name in names.items() if name is not None})
        return Labels(dict(enumerate(kept, start=1)))

    def record(self, record: Record) -> Optional[Record]:
        """A record with what is left of its boxes; None where there were some and none is left."""
        if not (self.keep or self.drop or self.rename):
            return record
        named = ((box, self.name(box.label)) for box in record.boxes)
        boxes = tuple(replace(box, label=name) for box, name in named if name is not None)
        return None if record.boxes and not boxes else replace(record, boxes=boxes)


def class_change(keep: Iterable[str], drop: Iterable[str], rename: Iterable[str]) -> ClassChange:
    """From the words of a command line; those of `rename` are `old=new`.

    Raises:
        DataError: one of them is not of that form.
    """
    pairs = {}
    for word in rename:
        old, equals, new = word.partition("=")
        if not (old and equals and new):
            raise DataError(f"--rename {word}: expects OLD=NEW")
        pairs[old] = new
    return ClassChange(frozenset(keep), frozenset(drop), pairs)
