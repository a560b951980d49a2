"""KITTI: a text file for each picture, a line of 15 fields for each object."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Optional

from splitdet.data.findings import Findings, Kind
from splitdet.data.formats.base import OTHER_TEXTS, Reader
from splitdet.data.places import (
    beginning,
    files_below,
    find_picture,
    first_files,
    placed,
    relative_to,
)
from splitdet.data.records import Box, ImageFile, Record
from splitdet.labels import Labels

_MIRRORED = {"label_2": "image_2", "labels": "images", "label": "image"}
_STRUCTURE = frozenset({*_MIRRORED, *_MIRRORED.values()})
_NUMBERS = 14
_LINE = re.compile(rb"\s*\S.*?(\s+-?[\d.]+(e[+-]?\d+)?){14,15}\s*$", re.IGNORECASE)
_NOT_AN_OBJECT = "dontcare"


class KittiReader(Reader):
    """Text files anywhere below a folder, pictures in `image_2` for `label_2`, or beside them.

    `DontCare` marks regions without labels, not objects, and is not read.
    """

    def __init__(self, path: Path, labels: Optional[Labels] = None) -> None:
        super().__init__(path, labels)
        names = labels.names.values() if labels else ()
        self._spelled = {"_".join(name.split()): name for name in names}
        files = files_below(path, (".txt",))
        self._files = [file for file in files if file.name.lower() not in OTHER_TEXTS]

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """See `Reader.recognises`."""
        lines = (beginning(file).splitlines()[:1] for file in first_files(path, (".txt",)))
        return any(line and _LINE.match(line[0]) for line in lines)

    def __len__(self) -> int:
        return len(self._files)

    def read(self, index: int, findings: Findings) -> Optional[Record]:
        """See `Reader.read`."""
        file = self._files[index]
        below = relative_to(self.root, file)
        where = str(below)
        mirrored = [_MIRRORED.get(one.lower(), one) for one in below.parent.parts]
        picture = find_picture([self.root.joinpath(*mirrored), file.parent], [file.stem])
        if picture is None:
            findings.add(Kind.MISSING_PICTURE, where, file.stem)
            return None
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, ValueError) as error:
            findings.add(Kind.BROKEN_ANNOTATION, where, str(error))
            return None
        boxes: List[Box] = []
        for number, line in enumerate(lines, start=1):
            box = self._box(line.split())
            if box and box.label.lower() != _NOT_AN_OBJECT:
                boxes.append(box)
            elif box is None and line.strip():
                findings.add(Kind.BROKEN_BOX, f"{where}: line {number}", line[:80])
        part, name = placed(relative_to(self.root, picture), _STRUCTURE)
        return Record(name, ImageFile(picture), 0, 0, tuple(boxes), part or self.own_part, where)

    def _box(self, words: List[str]) -> Optional[Box]:
        """A line: type, truncated, occluded, alpha, the four edges, seven numbers more, perhaps a score.

        The type may have spaces: it is what stands in front of the numbers. One that the label map
        writes with spaces is written like there.
        """
        numbers: List[float] = []
        for word in reversed(words[1:]):
            try:
                numbers.insert(0, float(word))
            except ValueError:
                break
        if not _NUMBERS <= len(numbers) <= _NUMBERS + 1:
            return None
        label = " ".join(words[: len(words) - len(numbers)])
        truncated, occluded = numbers[0] > 0, numbers[1] > 0
        label = self._spelled.get(label, label)
        return Box.of(label, numbers[3:7], truncated=truncated, occluded=occluded)
