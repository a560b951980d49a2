"""Engines, precisions, split and not split: frames a second from pictures in memory to detections.

    python benchmarks/engines.py --model MODEL --image PHOTO .. --json FILE \
        --variant engine=tensorflow --variant engine=openvino,precision=bf16 ..

A variant is what it sets in config.yml; the first one is what the others are compared with. All run in
alternation, in one process, through `splitdet.stream`, on photographs of 1280x720 in memory. Latency is
that of `Detector.detect`, one frame after another. Beside them, the raw rate: what the same threads
reach in a bare loop of the resize and the network, one frame a call, without NMS, queues and results.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lib"))
SIZE_PX = (720, 1280)


def settings_of(variant: str) -> Dict[str, Any]:
    """`key=value,key=value` as settings."""
    import yaml

    pairs = (word.split("=", 1) for word in variant.split(","))
    return {key: yaml.safe_load(value) for key, value in pairs}


def photographs(paths: List[str]) -> List[Any]:
    """Photographs at the size of the benchmark."""
    import cv2

    height, width = SIZE_PX
    return [
        cv2.resize(cv2.imread(path), (width, height), interpolation=cv2.INTER_AREA) for path in paths
    ]


def endless(images: List[Any], end_s: float) -> Iterator[Any]:
    """Those pictures again and again, until the time has come."""
    while time.perf_counter() < end_s:
        yield from images


def stream_fps(detector: Any, images: List[Any], seconds: float) -> float:
    """Frames a second through the pipeline, once it is full."""
    import splitdet

    begin_s = time.perf_counter()
    first_s = last_s = 0.0
    count = 0
    for _ in splitdet.stream(endless(images, begin_s + seconds), detector):
        count += 1
        last_s = time.perf_counter()
        if not first_s:
            first_s = last_s
    return (count - detector.config.batch_size) / (
        last_s - first_s
    )  # those of the first batch came at once


def latencies_ms(detector: Any, images: List[Any], seconds: float) -> List[float]:
    """How long `detect` takes, one frame after another."""
    found: List[float] = []
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        for image in images:
            begin_s = time.perf_counter()
            detector.detect(image)
            found.append(1000 * (time.perf_counter() - begin_s))
    return found


def raw_fps(front: Any, image: Any, feeders: int, seconds: float) -> float:
    """Frames a second of a bare loop of resize and network, by so many threads."""
    from splitdet.engines import parity

    parity.TRIAL_S, parity.ROUNDS = seconds, 1  # as long and as often as the pipeline is measured
    return parity.frames_per_second({"raw": front}, image, feeders)["raw"]


class Subject:
    """One variant, open for the whole benchmark."""

    def __init__(self, model: str, variant: str, options: argparse.Namespace) -> None:
        from splitdet import Config, Detector
        from splitdet.engines.ends import make_front

        settings = {"accelerator_feeders": Config().accelerator_feeders, "det_th": options.det_th}
        settings.update(settings_of(variant))
        begin_s = time.perf_counter()
        self.variant = variant
        self.detector = Detector(model, **settings)
        self.detector.warm_up(*SIZE_PX)
        self.ready_s = time.perf_counter() - begin_s
        self.front: Any = None
        if options.raw and self.detector.split and self.detector.config.batch_size == 1:
            self.front = make_front(self.detector.engine, self.detector.model)
        self.rates: List[float] = []
        self.raw: List[float] = []
        self.latencies_ms: List[float] = []

    def run(self, images: List[Any], seconds: float) -> None:
        """One round."""
        self.rates.append(stream_fps(self.detector, images, seconds))
        self.latencies_ms += latencies_ms(self.detector, images, seconds / 2)
        if self.front is not None:
            self.raw.append(raw_fps(self.front, images[0], self.detector.feeders, seconds))

    def result(self, first: Subject) -> Dict[str, Any]:
        """Its figures, and its ratio to another's, round by round."""
        sorted_ms = sorted(self.latencies_ms)
        ratios = [mine / other for mine, other in zip(self.rates, first.rates)]
        found = {
            "variant": self.variant,
            "engine": self.detector.engine.description,
            "split": self.detector.split,
            "fps": round(statistics.median(self.rates), 1),
            "ratio": round(statistics.median(ratios), 3),
            "latency_ms": {
                "p50": round(sorted_ms[len(sorted_ms) // 2], 3),
                "p95": round(sorted_ms[int(len(sorted_ms) * 0.95)], 3),
            },
            "ready_s": round(self.ready_s, 2),
        }
        if self.raw:
            shares = [rate / raw for rate, raw in zip(self.rates, self.raw)]
            found["raw_fps"] = round(statistics.median(self.raw), 1)
            found["share_of_raw"] = round(statistics.median(shares), 3)
        return found


def table(rows: List[Dict[str, Any]]) -> str:
    """The figures as Markdown."""
    lines = ["| variant | FPS | ratio | of raw rate | latency p50 / p95, ms |", "|---|---|---|---|---|"]
    lines += [
        "| {} | {:.0f} | {:.2f} | {} | {p50:.2f} / {p95:.2f} |".format(
            *(row["variant"], row["fps"], row["ratio"], row.get("share_of_raw", "-")),
            **row["latency_ms"],
        )
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Run all variants in alternation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--image", nargs="+", required=True, help="photographs")
    parser.add_argument("--variant", action="append", required=True, metavar="KEY=VALUE,..")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each variant and round")
    parser.add_argument("--det-th", type=float, default=0.3)
    parser.add_argument("--raw", action="store_true", help="measure raw rates, too")
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    images = photographs(options.image)
    subjects = []
    for variant in options.variant:
        subjects.append(Subject(options.model, variant, options))
        print(f"{variant}: ready after {subjects[-1].ready_s:.1f} s", file=sys.stderr, flush=True)
    for _ in range(options.repeats):
        for subject in subjects:
            subject.run(images, options.seconds)
    rows = [subject.result(subjects[0]) for subject in subjects]
    print(table(rows))
    if options.json:
        result = {
            "command": "benchmarks/engines.py",
            "settings": {name: getattr(options, name) for name in ("repeats", "seconds", "det_th")},
            "photographs": len(images),
            "machine": {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count()},
            "python": platform.python_version(),
            "date": time.strftime("%Y-%m-%d"),
            "model": Path(options.model).stem,
            "rows": rows,
        }
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
