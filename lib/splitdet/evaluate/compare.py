"""One evaluation for each of several settings, in processes of their own, and a table of all.

A process each, because some settings hold for a process (TF32), and because what one of them breaks
must not take the others along.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from splitdet.engines.choose import TENSORRT
from splitdet.errors import EXIT_OK, ConfigError
from splitdet.evaluate.coco_scores import Figure
from splitdet.evaluate.report import markdown_table, show
from splitdet.graph.onnx_file import SUFFIX as ONNX_SUFFIX
from splitdet.own_process import call_module, why_failed

Settings = Dict[str, str]
"""Keys of config.yml and their values, as text."""

LIMITS = {"fp32": 0.0005, "tf32": 0.002, "fp16": 0.002, "bf16": 0.01, "int8": 0.01}
"""By how much the mAP may differ. TF32 has as many digits as FP16, BF16 about as many as INT8."""
_OF_CLASSES = ("classes", "confusion")


class Row(NamedTuple):
    """One of the settings, and what came of it."""

    settings: Settings
    precision: str
    record: Optional[Dict[str, Any]]
    """See `report.as_record`; None where it did not run."""
    reason: str = ""
    """Why it did not run."""


def combinations(words: Sequence[str], option: str = "--compare") -> List[Settings]:
    """All combinations of `key=value,value` words of that option, the last word varying fastest.

    Raises:
        ConfigError: a word is not of that form, or a key comes twice.
    """
    choices: Dict[str, List[str]] = {}
    for word in words:
        key, equals, values = word.partition("=")
        parts = [part.strip() for part in values.split(",")]
        if not equals or not key.strip() or not all(parts):
            raise ConfigError(f"{option} {word}: expects key=value,value")
        if key.strip() in choices:
            raise ConfigError(f"{option} {word}: {key.strip()} is there twice")
        choices[key.strip()] = parts
    return [dict(zip(choices, values)) for values in itertools.product(*choices.values())]


def with_reference(variants: Sequence[Settings], base: Settings, engine: str) -> List[Settings]:
    """The variants, with what all are compared with in front: `engine` in fp32.

    Args:
        base: engine and precision where a variant says nothing of them.
    """
    reference = {"engine": engine, "precision": "fp32"}
    others = [one for one in variants if {**base, **one} != reference]
    return [reference, *others]


def reference_engine(graph: Path) -> str:
    """What a model is measured by: TensorFlow, or for an ONNX file ONNX Runtime."""
    return "onnxruntime" if graph.suffix.lower() == ONNX_SUFFIX else "tensorflow"


def run_variant(settings: Settings, precision: str, options: Sequence[str]) -> Row:
    """Evaluate with these settings, in a process of its own.

    Args:
        options: of `splitdet eval`, all but the settings.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "record.json"
        words = ["eval", *options, "--json", str(file)]
        if settings.get("engine") != TENSORRT:
            words += ["--set", "dla_core=-1"]  # whatever config.yml says: no other engine has one
        for key, value in settings.items():
            words += ["--set", f"{key}={value}"]
        done = call_module("splitdet", words)
        if done.returncode == EXIT_OK:
            return Row(settings, precision, json.loads(file.read_text(encoding="utf-8")))
    return Row(settings, precision, None, why_failed(done.returncode, done.stderr))


def difference(row: Row, reference: Row) -> Optional[float]:
    """How much more the mAP (or mIoU) is than that of the reference.

    None where one of them did not run, or where scores begin at different thresholds.
    """
    if row.record is None or reference.record is None or _begins(row) != _begins(reference):
        return None
    ours, theirs = row_figures(row.record)[0], row_figures(reference.record)[0]
    return None if ours is None or theirs is None else ours - theirs


def verdict(row: Row, reference: Row) -> str:
    """In words, whether a row is what it should be."""
    if row.record is None:
        return row.reason
    if row is reference:
        return "reference"
    off = difference(row, reference)
    if off is None:
        if reference.record is None:
            return "the reference did not run"
        ours, theirs = _begins(row) or "an unknown score", _begins(reference) or "an unknown score"
        return f"not comparable: boxes from {ours} on, those of the reference from {theirs}"
    limit = LIMITS[row.precision]
    return "{} {:g}, the limit of {}".format(
        "within" if is_within(row, reference) else "NOT within", limit, row.precision
    )


def is_within(row: Row, reference: Row) -> bool:
    """Whether a row is known to differ by no more than its precision may."""
    off = difference(row, reference)
    return off is not None and abs(off) <= LIMITS[row.precision]


def row_figures(record: Dict[str, Any]) -> List[Figure]:
    """Of boxes mAP, AP50 and mAP of what a run reports; of segments mIoU and pixel accuracy."""
    if "segments" in record:
        return [record["segments"][name] for name in ("mIoU", "pixel_accuracy")]
    boxes = record["boxes"]
    return [boxes["AP"], boxes["AP50"], record["boxes_deployed"]["AP"]]


def _begins(row: Row) -> Any:
    return row.record and row.record["thresholds"]["evaluated_from"]


def as_table(rows: Sequence[Row]) -> str:
    """All rows as Markdown; the first is what the others are compared with."""
    of_segments = any(row.record and "segments" in row.record for row in rows)
    measures = ["mIoU", "pixel accuracy"] if of_segments else ["mAP", "AP50", "mAP deployed"]
    head = ["settings", *measures, "difference", "FPS", "size, MB", "verdict"]
    return "\n".join(markdown_table(head, [_cells(row, rows[0], len(measures)) for row in rows]))


def _cells(row: Row, reference: Row, measures: int) -> List[str]:
    name = " ".join(f"{key}={value}" for key, value in row.settings.items())
    if row.record is None:
        return [name, *["-"] * (measures + 3), verdict(row, reference).replace("|", "\\|")]
    off = difference(row, reference)
    fps, size = row.record["fps"], row.record["network_bytes"]
    return [
        name,
        *map(show, row_figures(row.record)),
        "-" if off is None else f"{off:+.4f}",
        f"{fps:.1f}" if fps else "-",
        f"{size / 1e6:.1f}" if size else "-",
        verdict(row, reference),
    ]


def as_records(rows: Sequence[Row]) -> List[Dict[str, Any]]:
    """All rows, ready for JSON; what is said of single classes is left out."""
    return [
        {
            "settings": row.settings,
            "difference": difference(row, rows[0]),
            "verdict": verdict(row, rows[0]),
            "evaluation": row.record
            and {name: value for name, value in row.record.items() if name not in _OF_CLASSES},
        }
        for row in rows
    ]
