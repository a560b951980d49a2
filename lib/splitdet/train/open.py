"""Opening what pictures are to be learned from: a dataset of any format that `data/` reads."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from splitdet.data.dataset import open_dataset
from splitdet.data.findings import Findings
from splitdet.data.judge import judge_boxes
from splitdet.data.pictures import decode
from splitdet.data.records import Box, Record
from splitdet.data.refuse import refuse_errors
from splitdet.data.settle import Settled, settle
from splitdet.data.transfer import settled_records
from splitdet.errors import DataError
from splitdet.labels import Labels
from splitdet.train.samples import Sample
from splitdet.train.shapes import PREFIX, draw_shapes


def read_samples(data: str, names: Optional[Sequence[str]] = None) -> Tuple[List[Sample], Labels]:
    """Samples and class names, ids from 1 on without gaps.

    Every picture is looked at, so that a broken one is told of before hours of training.

    Args:
        data: a folder or file of any format, or `shapes:COUNT`.
        names: of the classes, the first with id 1; None: those of the dataset.

    Raises:
        DataError: there are none, or something is wrong that `splitdet data check` calls an error.
    """
    if data.startswith(PREFIX):
        return draw_shapes(data)
    path = Path(data)
    dataset = open_dataset(path)
    names = class_names(dataset.labels()) if names is None else names
    ids = {name: number for number, name in enumerate(names, start=1)}
    findings = Findings()
    samples = []
    for _, settled in settled_records(dataset, findings):
        if settled.record is not None:
            wrong, boxes = judge_boxes(settled.record, ids.keys())
            findings.extend(wrong)
            refuse_errors(findings, path)
            samples.append(_sample(settled, settled.record, boxes, ids))
    refuse_errors(findings, path)
    return samples, Labels({number: name for name, number in ids.items()})


def class_names(labels: Labels) -> List[str]:
    """The names, by id."""
    return [name for _, name in sorted(labels.names.items())]


def _sample(settled: Settled, record: Record, boxes: Sequence[Box], ids: Dict[str, int]) -> Sample:
    """A sample without the pixels, which are decoded when they are needed."""
    is_as_stored = hashlib.sha256(record.image.read()).digest() == settled.sha256
    single = [box for box in boxes if not box.crowd]
    edges = [(box.ymin, box.xmin, box.ymax, box.xmax) for box in single]
    sides = [record.height_px, record.width_px] * 2
    return Sample(
        record.title,
        partial(_pixels, replace(record, image=settled.stored), is_as_stored),
        (np.array(edges, np.float64).reshape(-1, 4) / sides).astype(np.float32),
        np.array([ids[box.label] for box in single], np.int64),
        record.part,
    )


def _pixels(record: Record, is_as_stored: bool) -> np.ndarray:
    """The picture of a record; turned and converted where it is not as it was stored."""
    settled = record if is_as_stored else settle(record).record
    try:
        pixels = decode(settled.image.read()) if settled else None
    except OSError:
        pixels = None
    if pixels is None:
        raise DataError(f"{record.title}: this picture could be read before, and now it cannot")
    return pixels
