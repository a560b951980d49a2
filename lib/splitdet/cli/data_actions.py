"""What the commands of `splitdet data` say, and their exit codes; the work is in `splitdet.data`."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator, Optional

from splitdet.data.check import check as check_dataset
from splitdet.data.check import write_fixed
from splitdet.data.classes import class_change
from splitdet.data.dataset import Dataset, open_dataset
from splitdet.data.duplicates import Duplicates
from splitdet.data.findings import Findings, Severity
from splitdet.data.formats import FORMATS
from splitdet.data.formats.base import Writer
from splitdet.data.formats.tfrecord_writer import TFRecordWriter
from splitdet.data.judge import MENDED, TINY
from splitdet.data.records import PARTS, Record
from splitdet.data.report import as_json, as_text, summary
from splitdet.data.shrink import Shrink
from splitdet.data.split import Member, assign, join_by_name, parse_shares
from splitdet.data.statistics import Statistics
from splitdet.data.transfer import (
    Change,
    Transferred,
    check_target,
    new_folder,
    settled_records,
    transfer,
)
from splitdet.data.trial import duration, estimate, size
from splitdet.errors import EXIT_OK, EXIT_SKIPPED, DataError
from splitdet.labels import Labels
from splitdet.sinks.files import write_json


def check(options: argparse.Namespace) -> int:
    """`splitdet data check`: the report, and the fixed copy."""
    dataset = _open(options)
    tiny = TINY if options.tiny is None else options.tiny
    if not 0 <= tiny < 1:
        raise DataError(f"--tiny {tiny}: expects a share of the picture's side, 0 to 1")
    if options.fix:
        check_target(options.fix, dataset.path)
    checked = check_dataset(dataset, tiny, options.limit)
    print(checked.statistics.as_text() + "\n")
    print(as_text(checked.findings, with_repairs=bool(options.fix)) or "nothing wrong")
    if options.report:
        content = {
            "dataset": str(dataset.path),
            "format": dataset.format,
            "statistics": checked.statistics.as_json(),
            "findings": as_json(checked.findings),
        }
        write_json(str(options.report), content)
        print(f"report  {options.report}")
    if options.fix:
        with _writer(dataset, options.fix, options.to, dataset.labels(options.limit)) as writer:
            done = write_fixed(dataset, checked, writer, tiny, options.limit)
        _tell(done, options.fix)
    return EXIT_SKIPPED if checked.findings.total(Severity.ERROR) else EXIT_OK


def convert(options: argparse.Namespace) -> int:
    """`splitdet data convert`: another format, other classes."""
    dataset = _open(options)
    classes = class_change(options.keep, options.drop, options.rename)
    labels = dataset.labels(options.limit)
    classes.check(labels)

    def change(position: int, record: Record) -> Optional[Record]:
        changed = classes.record(record)
        if changed and options.whole_pixels:
            changed = replace(changed, boxes=tuple(box.rounded() for box in changed.boxes))
        return changed

    return _transfer(options, dataset, change, classes.labels(labels))


def shrink(options: argparse.Namespace) -> int:
    """`splitdet data shrink`: smaller pictures."""
    smaller = Shrink(options.longest or 0, options.size or (0, 0))
    dataset = _open(options)
    labels = dataset.labels(options.limit)
    return _transfer(options, dataset, lambda position, record: smaller(record), labels)


def split(options: argparse.Namespace) -> int:
    """`splitdet data split`: train, val and test."""
    shares = parse_shares(options.parts)
    if options.of and options.of not in PARTS:
        raise DataError("--of {}: expects {}".format(options.of, ", ".join(PARTS)))
    dataset = _open(options)
    check_target(options.output, dataset.path)
    duplicates, members = Duplicates(), []
    for position, settled in settled_records(dataset, Findings(), word="comparing"):
        record = settled.record
        if record and (not options.of or record.part == options.of):
            duplicates.add(position, settled, record)
            members.append(Member(position, record.name, {box.label for box in record.boxes}))
    if not members:
        raise DataError(
            f"{dataset.path}: nothing to divide" + (f" in {options.of}" if options.of else "")
        )
    groups = duplicates.groups()
    if options.group:
        join_by_name(members, groups, options.group)
    parts = assign(members, groups, shares, options.seed)

    def change(position: int, record: Record) -> Record:
        return replace(record, part=parts.get(position, record.part))

    code = _transfer(options, dataset, change, dataset.labels())
    print(Statistics(open_dataset(options.output).records()).as_text())
    return code


def stats(options: argparse.Namespace) -> int:
    """`splitdet data stats`: the table and the chart."""
    findings = Findings()
    statistics = Statistics(_open(options).records(findings, options.limit))
    print(statistics.as_text())
    if options.json:
        write_json(str(options.json), statistics.as_json())
    if options.chart:
        from splitdet.data.chart import write_chart

        write_chart(statistics, options.chart)
        print(f"chart  {options.chart}")
    return _skipped(findings)


def view(options: argparse.Namespace) -> int:
    """`splitdet data view`: the page."""
    from splitdet.data.view import write_page

    findings = write_page(_open(options), options.page, options.limit, options.width)
    print(f"{options.page}  ({summary(findings)})")
    return _skipped(findings)


def openimages(options: argparse.Namespace) -> int:
    """`splitdet data openimages`: the plan, its figures and the pictures."""
    from splitdet.data.openimages.download import download
    from splitdet.data.openimages.plan import Request, make_plan, planned_records
    from splitdet.data.openimages.source import OFFICIAL, Fetcher, mirror

    source = mirror(options.mirror) if options.mirror else OFFICIAL
    for part in options.parts:
        if part not in source.boxes:
            raise DataError("--parts {}: expects {}".format(part, ", ".join(source.boxes)))
    request = Request(
        options.classes, options.parts, options.max_images, options.include_depictions, options.seed
    )
    fetcher = Fetcher()
    make_plan(request, options.folder, source, fetcher)
    print(Statistics(planned_records(options.folder)).as_text())
    if options.stats_only:
        return EXIT_OK
    done = download(options.folder, source, fetcher, options.workers)
    print(f"{done.fetched} pictures fetched, {done.there} were there, {len(done.problems)} missing")
    for problem in done.problems[:3]:
        print("  " + problem)
    if done.problems:
        print("run it again to try the missing ones once more")
    return EXIT_SKIPPED if done.problems else EXIT_OK


def _open(options: argparse.Namespace) -> Dataset:
    return open_dataset(options.input, options.format, options.labels)


@contextmanager
def _writer(
    dataset: Dataset, target: Path, format_name: Optional[str], labels: Labels
) -> Iterator[Writer]:
    """A writer into a folder that appears once everything is in it."""
    writer_class = FORMATS[format_name or dataset.format].writer
    with new_folder(target, dataset.path) as folder, writer_class(folder, labels) as writer:
        yield writer


def _transfer(options: Any, dataset: Dataset, change: Change, labels: Labels) -> int:
    findings = Findings()
    limit = getattr(options, "limit", 0)
    with _writer(dataset, options.output, options.to, labels) as writer:
        if isinstance(writer, TFRecordWriter):
            writer.shard_bytes = options.shard_mb << 20
        done = transfer(dataset, writer, change, findings, limit)
        if not done.pictures:
            told = as_text(findings)
            raise DataError(
                f"{dataset.path}: no picture could be written" + (f"\n{told}" if told else "")
            )
    if findings.counts:
        print(as_text(findings))
    if any(findings.counts.get(kind) for kind in MENDED):
        print("boxes are written as they are where that can be; splitdet data check --fix mends them")
    _tell(done, options.output)
    if limit:
        print(estimate(dataset, limit, done, options.output))
    return _skipped(findings)


def _tell(done: Transferred, target: Path) -> None:
    print(
        f"{target}  {done.pictures} pictures, {done.boxes} boxes, "
        f"{size(done.bytes_written)}, {duration(done.wall_s)}"
    )


def _skipped(findings: Findings) -> int:
    return EXIT_SKIPPED if findings.total(Severity.ERROR) else EXIT_OK
