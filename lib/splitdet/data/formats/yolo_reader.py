"""YOLO: a text file for each picture, a line for each box: class, centre and size, 0..1."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

import yaml

from splitdet.config.load import UNREADABLE
from splitdet.data.findings import Finding, Findings, Kind
from splitdet.data.formats.base import OTHER_TEXTS, Reader
from splitdet.data.pictures import Problem, look_at
from splitdet.data.places import beginning, first_files, pictures_below, placed, relative_to
from splitdet.data.records import Box, ImageFile, Record
from splitdet.labels import Labels

_LABEL_FOLDER = "labels"
_STRUCTURE = frozenset({"images", _LABEL_FOLDER, "obj_train_data", "obj_valid_data", "obj_test_data"})
_NAME_FILES = ("obj.names", "classes.txt")
_MOST_CLASSES = 100_000
_LINE = re.compile(rb"\s*\d+(\s+-?[\d.]+(e-?\d+)?){4}\s*$", re.IGNORECASE)


class YoloReader(Reader):
    """Pictures anywhere below a folder, their text files beside them or in `labels` instead of `images`.

    Names of classes come from `data.yaml` (Ultralytics) or from `obj.names` or `classes.txt` (Darknet).
    A picture whose text file is empty is background; so is one without a text file, which is reported.
    """

    def __init__(self, path: Path, labels: Optional[Labels] = None) -> None:
        super().__init__(path, labels)
        self._pictures = list(pictures_below(path))
        self._names = self._read_names()
        if not self._names and labels:  # ids count from 0 here
            self._names = [name for _, name in sorted(labels.names.items())]

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """See `Reader.recognises`."""
        for file in first_files(path, (".txt",)):
            lines = beginning(file).splitlines()
            if file.name.lower() not in OTHER_TEXTS and lines and _LINE.match(lines[0]):
                return True
        return False

    def __len__(self) -> int:
        return len(self._pictures)

    def own_labels(self) -> Dict[int, str]:
        """Ids from 1 on, as everywhere else; YOLO's own count from 0."""
        return dict(enumerate(self._names, start=1))

    def read(self, index: int, findings: Findings) -> Optional[Record]:
        """See `Reader.read`."""
        picture = self._pictures[index]
        relative = relative_to(self.root, picture)
        look = look_at(picture)
        if isinstance(look, Problem):
            findings.add(look.kind, str(relative), look.what)
            return None
        part, name = placed(relative, _STRUCTURE)
        file = self._text_file(picture)
        where, boxes = str(relative), []
        if file is None:
            findings.add(Kind.NO_ANNOTATION, where, "taken for background")
        else:
            where = str(relative_to(self.root, file))
            try:
                lines = file.read_text(encoding="utf-8-sig").splitlines()
            except (OSError, ValueError) as error:
                findings.add(Kind.BROKEN_ANNOTATION, where, str(error))
                return None
            boxes = list(self._boxes(lines, where, look.upright_px, findings))
        part = part or self.own_part
        return Record(name, ImageFile(picture), *look.upright_px, tuple(boxes), part, where)

    def _text_file(self, picture: Path) -> Optional[Path]:
        """The text file of a picture: in `labels` for `images`, else beside it."""
        text = picture.with_suffix(".txt")
        below = relative_to(self.root, text)
        mirrored = [_LABEL_FOLDER if one.lower() == "images" else one for one in below.parts]
        candidates = (self.root.joinpath(*mirrored), text, self.root / _LABEL_FOLDER / below)
        return next((file for file in candidates if file.is_file()), None)

    def _boxes(
        self, lines: List[str], where: str, size_px: Tuple[int, int], findings: Findings
    ) -> Iterator[Box]:
        for number, line in enumerate(lines, start=1):
            words = line.split()
            if words:
                box = self._box(words, *size_px)
                if box:
                    yield box
                else:
                    findings.add(Kind.BROKEN_BOX, f"{where}: line {number}", line[:80])

    def _box(self, words: List[str], width_px: int, height_px: int) -> Optional[Box]:
        """A line: class, centre and size (and a score, not read), or class and corners of an outline."""
        try:
            number = int(words[0])
            values = [float(word) for word in words[1:]]
        except (ValueError, OverflowError):
            return None
        if number < 0 or len(values) < 4:
            return None
        if len(values) >= 6:
            across, down = values[0::2], values[1::2]
            edges = (min(across), min(down), max(across), max(down))
        else:
            x, y, width, height = values[:4]
            edges = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        label = self._names[number] if number < len(self._names) else str(number)
        return Box.of(label, edges).scaled(width_px, height_px)

    def _read_names(self) -> List[str]:
        """Names of classes in the order of YOLO's ids; none where no file tells them."""
        for file in sorted([*self.root.glob("*.yaml"), *self.root.glob("*.yml")]):
            try:
                content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
            except (OSError, *UNREADABLE) as error:
                self._cannot_read(file, error)
                continue
            names = content.get("names") if isinstance(content, dict) else None
            if isinstance(names, dict) and all(isinstance(number, int) for number in names):
                last = max(names, default=-1)
                if last >= _MOST_CLASSES:
                    self._cannot_read(file, f"names: {last}: expects ids below {_MOST_CLASSES}")
                    continue
                names = [names.get(number, number) for number in range(last + 1)]
            if isinstance(names, list) and all(isinstance(name, (str, int, float)) for name in names):
                return [str(name) for name in names]
        for file in (self.root / name for name in _NAME_FILES):
            if file.is_file():
                try:
                    text = file.read_text(encoding="utf-8-sig").rstrip()
                    return [line.strip() for line in text.splitlines()]
                except (OSError, ValueError) as error:
                    self._cannot_read(file, error)
        return []

    def _cannot_read(self, file: Path, why: object) -> None:
        what = str(why).splitlines()[0]
        self.findings.append(Finding(Kind.BROKEN_ANNOTATION, file.name, what))
