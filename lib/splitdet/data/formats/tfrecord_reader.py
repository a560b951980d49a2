"""TFRecord files as the Object Detection API makes them: pictures and boxes in one."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Set, Tuple

from splitdet.data.example import BadExample, ExampleContent
from splitdet.data.findings import Finding, Findings, Kind
from splitdet.data.formats.base import Reader
from splitdet.data.pictures import Problem, look_at
from splitdet.data.places import inside, part_of
from splitdet.data.records import Image, Record
from splitdet.data.tfrecord import DamagedRecord, RecordIndex, is_record_file, read_record
from splitdet.labels import Labels

_NAME = re.compile(r"\.(tf)?records?(\b|-)|-\d{5}-of-\d{5}$", re.IGNORECASE)
_SHARD = re.compile(r"(.*)-(\d{5})-of-(\d{5})(.*)")


@dataclass(frozen=True)
class ImageInRecord(Image):
    """A picture inside a record of a file."""

    path: Path
    offset: int

    def read(self) -> bytes:
        """See `Image.read`."""
        try:
            return ExampleContent(read_record(self.path, self.offset)).encoded()
        except (DamagedRecord, BadExample) as error:
            raise OSError(0, str(error)) from None


class TFRecordReader(Reader):
    """A TFRecord file, or all in a folder; `train.record-00000-of-00003` is a shard of three."""

    def __init__(self, path: Path, labels: Optional[Labels] = None) -> None:
        super().__init__(path, labels)
        files = _files(path)
        self._indices: List[RecordIndex] = []
        self._ends: List[int] = []
        for file in files:
            try:
                index = RecordIndex(file)
            except OSError as error:
                what = error.strerror or str(error)
                self.findings.append(Finding(Kind.BROKEN_ANNOTATION, file.name, what))
                continue
            self.findings += index.findings
            self._indices.append(index)
            self._ends.append(len(index) + (self._ends[-1] if self._ends else 0))
        self.findings += _missing_shards(files)

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """See `Reader.recognises`."""
        return bool(_files(path))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, index: int, findings: Findings) -> Optional[Record]:
        """See `Reader.read`."""
        file, offset, number = self._place(index)
        where = f"{file.name}: record {number}"
        try:
            content = ExampleContent(read_record(file, offset))
            return self._record(content, ImageInRecord(file, offset), where, findings)
        except BadExample as error:
            findings.add(error.kind, where, str(error))
        except DamagedRecord as error:
            findings.add(Kind.BAD_CHECKSUM, where, str(error))
        except OSError as error:
            findings.add(Kind.BROKEN_ANNOTATION, where, error.strerror or str(error))
        return None

    def _record(
        self, content: ExampleContent, image: ImageInRecord, where: str, findings: Findings
    ) -> Record:
        look = look_at(content.encoded())
        if isinstance(look, Problem):
            raise BadExample(look.kind, look.what)
        size, said = (look.width_px, look.height_px), content.size_px
        if 0 in said:
            findings.add(Kind.NO_SIZE, where)
        elif said != size:  # of no matter to the boxes, which are relative
            findings.add(Kind.WRONG_SIZE, where, "is {}x{}, says {}x{}".format(*size, *said))
        labels = self.labels or Labels({})
        for number, text in content.classes():
            known = labels.names.get(number)
            if text and known and text != known:
                findings.add(Kind.OTHER_CLASS, where, f"id {number} is {known}, its name says {text}")
        relative = inside(content.name)
        if relative is None and content.name:
            findings.add(Kind.OUTSIDE_PATH, where, f"filename {content.name!r:.80}")
        name = str(relative) if relative else f"{image.path.stem}_{image.offset}{look.suffixes[0]}"
        part = part_of(image.path.name) or self.own_part
        return Record(name, image, *size, tuple(content.boxes(size, labels)), part, where)

    def paired_labels(self, places: Iterable[int]) -> Dict[int, str]:
        """See `Reader.paired_labels`."""
        found: Dict[int, str] = {}
        for place in places:
            file, offset, _ = self._place(place)
            try:
                classes = ExampleContent(read_record(file, offset)).classes()
            except (DamagedRecord, BadExample, OSError):
                continue
            for number, name in classes:
                if number and name:
                    found.setdefault(number, name)
        return found

    def _place(self, index: int) -> Tuple[Path, int, int]:
        """File, offset and number in the file of a record."""
        which = bisect_right(self._ends, index)
        number = index - (self._ends[which - 1] if which else 0)
        return self._indices[which].path, self._indices[which].offsets[number], number


def _files(path: Path) -> List[Path]:
    if path.is_file():
        return [path] if _NAME.search(path.name) or is_record_file(path) else []
    return sorted(file for file in path.glob("*") if _NAME.search(file.name) and file.is_file())


def _missing_shards(files: List[Path]) -> Iterator[Finding]:
    """Shards that the names of the others speak of."""
    there: Dict[Tuple[str, str, str], Set[int]] = {}
    for file in files:
        match = _SHARD.match(file.name)
        if match:
            before, number, count, behind = match.groups()
            there.setdefault((before, count, behind), set()).add(int(number))
    for (before, count, behind), numbers in there.items():
        for number in sorted(set(range(int(count))) - numbers):
            yield Finding(Kind.MISSING_SHARD, f"{before}-{number:05d}-of-{count}{behind}")
