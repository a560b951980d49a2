"""Engines and precisions against the plain graph, on photographs: errors, detections gained and lost.

    python benchmarks/accuracy.py --model NAME --images FOLDER --json FILE \\
        --variant engine=openvino,precision=int8,calibration=OTHER_FOLDER --variant engine=onnxruntime

The reference is the whole graph by TensorFlow (engine=tensorflow, split_model=False); raw tensors are
compared with those at its cut. A detection is gained, or lost, where the other has none of the same
class with an overlap (IoU) of at least 0.5. All variants go through each photograph in turn, so their
times can be compared even on a busy machine, those of the CPU above all. Never calibrate with the
photographs of `--images`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lib"))
LEAST_IOU = 0.5


@dataclass
class Row:
    """What is known of a variant so far."""

    detector: Any
    front: Any
    """Its network alone; None where it is not split."""
    wall_s: List[float] = field(default_factory=list)
    cpu_s: List[float] = field(default_factory=list)
    """Of all cores."""
    raw_score: float = 0.0
    raw_box: float = 0.0
    score: float = 0.0
    box: float = 0.0
    photographs: Dict[str, List[int]] = field(default_factory=dict)
    """In the reference, found, gained, lost."""


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of one box (4,) with others (N, 4)."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    inside = np.prod(np.maximum(high - low, 0), axis=1)
    area, areas = np.prod(box[2:] - box[:2]), np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(inside / np.maximum(area + areas - inside, 1e-12))


def matches(found: Any, expected: Any) -> List[Tuple[int, int]]:
    """Pairs of positions of the same class, the best overlaps of the best scores first."""
    pairs: List[Tuple[int, int]] = []
    free = np.ones(len(expected), bool)
    for position, box in enumerate(found.boxes):
        possible = free & (expected.classes == found.classes[position])
        iou = np.where(possible, overlaps(box, expected.boxes), 0)
        if len(iou) and iou.max() >= LEAST_IOU:
            pairs.append((position, int(iou.argmax())))
            free[iou.argmax()] = False
    return pairs


def network_of(detector: Any) -> Any:
    """The network of a detector, whoever suppresses behind it; None where it is not split."""
    from splitdet.engines.ends import make_front

    return make_front(detector.engine, detector.model) if detector.split else None


def cut_tensors(front: Any, image: np.ndarray) -> Tuple[np.ndarray, ...]:
    """What enters the NMS: scores, then boxes."""
    return front.run(front.prepare([image]))[:2]


def compare(row: Row, name: str, image: np.ndarray, expected: Any, raw: Any) -> None:
    """One photograph by one variant."""
    begin_s = time.perf_counter(), time.process_time()
    found = row.detector.detect(image)
    row.wall_s.append(time.perf_counter() - begin_s[0])
    row.cpu_s.append(time.process_time() - begin_s[1])
    if raw is not None and row.front is not None:
        scores, boxes = cut_tensors(row.front, image)
        row.raw_score = max(row.raw_score, float(np.abs(scores - raw[0]).max()))
        row.raw_box = max(row.raw_box, float(np.abs(boxes - raw[1]).max()))
    pairs = matches(found, expected)
    for one, other in pairs:
        row.score = max(row.score, float(np.abs(found.scores[one] - expected.scores[other])))
        row.box = max(row.box, float(np.abs(found.boxes[one] - expected.boxes[other]).max()))
    count, wanted = len(found), len(expected)
    row.photographs[name] = [wanted, count, count - len(pairs), wanted - len(pairs)]


def figures(row: Row, base: Row) -> Dict[str, Any]:
    """A row of the result."""
    wanted, found, gained, lost = np.sum(list(row.photographs.values()), axis=0).tolist()
    return {
        "engine": row.detector.engine.description,
        "raw_score_error": float(f"{row.raw_score:.3g}") if row.detector.split else None,
        "raw_box_error": float(f"{row.raw_box:.3g}") if row.detector.split else None,
        "score_error": float(f"{row.score:.3g}"),
        "box_error": float(f"{row.box:.3g}"),
        "in_reference": wanted,
        "found": found,
        "gained": gained,
        "lost": lost,
        "wall_ratio": ratio(row.wall_s, base.wall_s),
        "cpu_ratio": ratio(row.cpu_s, base.cpu_s),
        "photographs": row.photographs,
    }


def ratio(mine_s: List[float], base_s: List[float]) -> float:
    """Median over the photographs, the first ones left out, which are slow."""
    ratios = [mine / base for mine, base in zip(mine_s, base_s)]
    return round(statistics.median(ratios[2:] or ratios), 3)


def table(result: Dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "| variant | raw score error | raw box error | score error | box error | found | gained | lost "
        "| wall time | CPU time |",
        "|" + "---|" * 10,
    ]
    for name, row in result["variants"].items():
        errors = [row[f"{what}_error"] for what in ("raw_score", "raw_box", "score", "box")]
        cells = [
            name,
            *("-" if error is None else f"{error:.2g}" for error in errors),
            *("{found} of {in_reference}", "{gained}", "{lost}", "{wall_ratio}", "{cpu_ratio}"),
        ]
        lines.append("| " + " | ".join(cells).format(**row) + " |")
    return "\n".join(lines)


def as_json(result: Dict[str, Any]) -> str:
    """The result, with the counts of a photograph on one line."""
    text = json.dumps(result, indent=2)
    return re.sub(r"\[[\d,\s]+\]", lambda found: "".join(found.group().split()), text) + "\n"


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--images", required=True, metavar="FOLDER", help="photographs to compare on")
    parser.add_argument(
        "--variant",
        action="append",
        required=True,
        metavar="KEY=VALUE[,KEY=VALUE]",
        help="settings to compare; times are given in those of the first",
    )
    parser.add_argument("--threshold", type=float, default=0.3, help="score of a detection")
    parser.add_argument("--machine", default=platform.machine(), help="what to call this machine")
    parser.add_argument("--json", metavar="FILE", type=Path)
    options = parser.parse_args()

    from splitdet import Detector
    from splitdet.sources.images import ImageSource

    common = {"det_th": options.threshold}
    reference = Detector(options.model, engine="tensorflow", split_model=False, **common)
    plain = network_of(Detector(options.model, engine="tensorflow", **common))
    rows: Dict[str, Row] = {}
    for variant in options.variant:
        pairs = (one.split("=", 1) for one in variant.split(","))
        settings = {key: yaml.safe_load(value) for key, value in pairs}
        # where pictures lie is nobody's business
        name = ", ".join(f"{key}={value}" for key, value in settings.items() if key != "calibration")
        detector = Detector(options.model, **common, **settings)
        rows[name] = Row(detector, network_of(detector))
    source = ImageSource(options.images)
    for frame in iter(source.read, None):
        expected = reference.detect(frame.image)
        raw = cut_tensors(plain, frame.image) if plain is not None else None
        for row in rows.values():
            compare(row, os.path.relpath(frame.source, options.images), frame.image, expected, raw)
    base = next(iter(rows.values()))
    result = {
        "machine": options.machine,
        "cores": os.cpu_count(),
        "model": Path(options.model).name,
        "reference": reference.engine.description + ", not split",
        "photographs": len(base.photographs),
        "threshold": options.threshold,
        "least_iou": LEAST_IOU,
        "variants": {name: figures(row, base) for name, row in rows.items()},
    }
    print(table(result))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(as_json(result), encoding="utf-8")


if __name__ == "__main__":
    main()
