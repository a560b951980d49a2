"""From one dataset to another, record by record."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Iterable, Iterator, List, Optional, Tuple, TypeVar

from tqdm import tqdm

from splitdet.data.dataset import Dataset
from splitdet.data.findings import Finding, Findings
from splitdet.data.formats.base import Writer
from splitdet.data.judge import can_be_written, judge_boxes
from splitdet.data.parallel import ordered_map
from splitdet.data.records import Record
from splitdet.data.settle import Settled, settle
from splitdet.errors import DataError

Thing = TypeVar("Thing")
Change = Callable[[int, Record], Optional[Record]]
"""What becomes of a settled record, by its position in the dataset; None: it is left out."""


@dataclass(frozen=True)
class Transferred:
    """What a transfer came to."""

    pictures: int
    boxes: int
    bytes_written: int
    wall_s: float


def settled_records(
    dataset: Dataset, findings: Findings, limit: int = 0, word: str = "reading"
) -> Iterator[Tuple[int, Settled]]:
    """Position and record of each place that can be read; the pictures are looked at side by side.

    Args:
        findings: gets what is broken.
        limit: see `Dataset.records`.
        word: for the progress bar.
    """
    results = ordered_map(settle, dataset.records(findings, limit))
    for position, settled in enumerate(_with_progress(results, dataset, limit, word)):
        findings.extend(settled.findings)
        yield position, settled


def transfer(
    dataset: Dataset,
    writer: Writer,
    change: Change,
    findings: Findings,
    limit: int = 0,
) -> Transferred:
    """Read, settle, change and write every record.

    Boxes that are wrong are told, and written as they are unless no format has a place for them.

    Args:
        findings: gets what is broken, and therefore left out.
        limit: see `Dataset.records`.
    """
    begin_s = time.perf_counter()
    pictures = boxes = 0
    classes = frozenset(writer.ids)

    def work(numbered: Tuple[int, Record]) -> Tuple[List[Finding], Optional[Record]]:
        position, record = numbered
        settled = settle(record)
        changed = change(position, settled.record) if settled.record else None
        if changed is None:
            return settled.findings, None
        wrong, _ = judge_boxes(changed, classes)
        kept = tuple(box for box in changed.boxes if can_be_written(box, classes))
        return [*settled.findings, *wrong], replace(changed, boxes=kept)

    results = ordered_map(work, enumerate(dataset.records(findings, limit)))
    for found, record in _with_progress(results, dataset, limit, "writing"):
        findings.extend(found)
        if record is not None:
            writer.write(record)
            pictures += 1
            boxes += len(record.boxes)
    return Transferred(pictures, boxes, writer.bytes_written, time.perf_counter() - begin_s)


def _with_progress(things: Iterable[Thing], dataset: Dataset, limit: int, word: str) -> Iterator[Thing]:
    total = min(len(dataset), limit) if limit > 0 else len(dataset)
    return iter(tqdm(things, total=total, desc=word, unit=" pictures", disable=None, leave=False))


def check_target(target: Path, source: Path) -> None:
    """Refuse a folder that must not be written.

    Args:
        source: the dataset that is read.

    Raises:
        DataError: there is something already, or `target` is a part of `source`.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise DataError(f"{target}: is there already; name a folder that is not, or is empty")
    real, origin = (Path(os.path.realpath(str(path))) for path in (target, source))
    if origin.is_dir() and origin in (real, *real.parents):
        raise DataError(f"{target}: lies inside of {source}, which is never changed; name one outside")


@contextmanager
def new_folder(target: Path, source: Path) -> Iterator[Path]:
    """A folder to write a dataset into, which becomes `target` once that has gone well.

    Args:
        source: the dataset that is read.

    Raises:
        DataError: see `check_target`.
    """
    check_target(target, source)
    whole = Path(os.path.abspath(str(target)))
    partial = whole.with_name(f".{whole.name}.{os.getpid()}.part")
    partial.mkdir(parents=True)
    try:
        yield partial
        if whole.exists():
            whole.rmdir()
        partial.rename(whole)
    finally:
        shutil.rmtree(str(partial), ignore_errors=True)
