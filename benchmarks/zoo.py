"""Every model of the zoo, split and not split: time for a frame, time in each half, memory.

    python benchmarks/zoo.py GRAPH.pb .. --image PHOTO --json benchmarks/results/zoo_cpu.json

Each graph runs in a process of its own, on one photograph of 1280x720 in memory, through the
pipeline of `splitdet.stream`. `--table` prints result files as one table and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lib"))
SIZE_PX = (720, 1280)


def pictures(image: Any, seconds: float, fewest: int) -> Iterator[Any]:
    """The same picture again and again, for so long and at least so often."""
    end_s = time.perf_counter() + seconds
    count = 0
    while count < fewest or time.perf_counter() < end_s:
        count += 1
        yield image


def run(detector: Any, image: Any, options: argparse.Namespace) -> Dict[str, float]:
    """Milliseconds for a frame, and in each half, once the pipeline is full."""
    from splitdet.assemble import assemble
    from splitdet.sources.memory import MemorySource

    for _ in range(options.warm_up):
        detector.detect(image)
    source = MemorySource(pictures(image, options.seconds, options.fewest))
    done_s: List[float] = []
    spans: Dict[str, List[float]] = {}
    with assemble(source, detector) as pipeline:
        for batch in pipeline:
            done_s.append(time.perf_counter())
            for name, (begin_s, end_s) in batch.spans_s.items():
                spans.setdefault(name, []).append(1000 * (end_s - begin_s))
    return {
        "ms": 1000 * (done_s[-1] - done_s[0]) / (len(done_s) - 1),
        "frames": len(done_s),
        **{name + "_ms": statistics.median(values) for name, values in spans.items()},
    }


def measure(options: argparse.Namespace) -> Dict[str, Any]:
    """One graph: split and not split, by one thread and by as many as the default is."""
    import cv2

    from splitdet import Config, Detector

    height, width = SIZE_PX
    image = cv2.resize(cv2.imread(options.image), (width, height), interpolation=cv2.INTER_AREA)
    settings = {"det_th": 0.0, "device": options.device, "engine": "tensorflow", "nms": options.nms}
    usual = {key: getattr(Config(), key) for key in ("accelerator_feeders", "worker_threads")}
    row: Dict[str, Any] = {}
    begin_s = time.perf_counter()
    for split in (True, False):
        for alone in (True,) if options.alone else (True, False):
            threads = {} if alone else usual
            with Detector(options.graphs[0], **settings, **threads, split_model=split) as detector:
                if split != detector.split:
                    continue  # this type has no split
                detector.warm_up()
                row.setdefault("ready_s", round(time.perf_counter() - begin_s, 2))
                figures = run(detector, image, options)
                model = detector.model
            key = f"{'split' if split else 'whole'}_{'one' if alone else 'several'}"
            row[key] = {name: round(value, 3) for name, value in figures.items()}
            peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            row.setdefault("peak_rss_mib", round(peak_kib / 1024))
            row.setdefault("peak_gpu_mib", gpu_peak_mib())
    row["type"] = model.type_name
    row["nodes"] = len(model.parts.graph)
    row["anchors"] = model.anchors
    row["proposals"] = getattr(model, "candidates", None) if model.anchors is None else None
    row["engine"] = detector.engine.description
    return row


def gpu_peak_mib() -> Optional[int]:
    """Most memory that TensorFlow has used on the GPU; None without one."""
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return None
    return round(tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20)


def one(graph: str, options: argparse.Namespace) -> Dict[str, Any]:
    """Measure one graph in a process of its own."""
    command = [sys.executable, __file__, graph, "--child", "--image", options.image]
    for name in ("device", "nms", "seconds", "fewest", "warm_up"):
        command += ["--" + name.replace("_", "-"), str(getattr(options, name))]
    command += ["--alone"] * options.alone
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    row: Dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def table(results: List[Dict[str, Any]]) -> str:
    """Result files as Markdown."""
    parts = []
    for result in results:
        lines = [
            "### {machine}, {engine}".format(**result),
            "",
            "| model | type | nodes | anchors | whole, ms | split, ms | ratio | whole, several | "
            "split, several | accelerator part, ms | CPU part, ms | peak RSS, MiB | peak GPU, MiB |",
            "|" + "---|" * 13,
        ]
        for name, row in result["models"].items():
            split, whole = row.get("split_one"), row["whole_one"]
            several = [row.get(key) for key in ("whole_several", "split_several")]
            cells = [
                name,
                row["type"],
                str(row["nodes"]),
                str(row["anchors"] or (f"{row['proposals']} proposals" if row["proposals"] else "-")),
                f"{whole['ms']:.1f}",
                f"{split['ms']:.1f}" if split else "-",
                f"{whole['ms'] / split['ms']:.2f}" if split else "-",
                *(f"{figures['ms']:.1f}" if figures else "-" for figures in several),
                f"{split['accelerator_ms']:.1f}" if split else "-",
                f"{split['cpu_ms']:.1f}" if split else "-",
                str(row["peak_rss_mib"]),
                str(row["peak_gpu_mib"] or "-"),
            ]
            lines.append("| " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graphs", nargs="+", metavar="FILE")
    parser.add_argument("--image", help="a photograph")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--nms", default="graph", help="graph or fast")
    parser.add_argument("--seconds", type=float, default=3.0, help="to measure for, each setting")
    parser.add_argument("--fewest", type=int, default=4, help="frames to measure at least")
    parser.add_argument("--warm-up", type=int, default=2, help="frames before")
    parser.add_argument("--alone", action="store_true", help="by one thread only")
    parser.add_argument("--machine", default=platform.machine(), help="what to call this machine")
    parser.add_argument("--json", metavar="FILE", type=Path)
    parser.add_argument("--table", action="store_true", help="print result files")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.table:
        print(table([json.loads(Path(path).read_text(encoding="utf-8")) for path in options.graphs]))
        return
    if options.child:
        print(json.dumps(measure(options)))
        return
    rows: Dict[str, Any] = {}
    for graph in options.graphs:
        name = Path(graph).stem
        rows[name] = one(graph, options)
        print(name, rows[name], flush=True)
        result = {
            "machine": options.machine,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "engine": next((row["engine"] for row in rows.values() if "engine" in row), ""),
            "frames": "one photograph, {1}x{0}".format(*SIZE_PX),
            "models": rows,
        }
        if options.json:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
