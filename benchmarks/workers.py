"""Mask R-CNN by several threads: one session that all share, against a session for each.

    python benchmarks/workers.py GRAPH.pb --image PHOTO --json benchmarks/results/workers_cpu.json

Every variant runs in a process of its own; ratios are against one thread.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, List, Tuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lib"))
VARIANTS: List[Tuple[int, int]] = [(1, 1), (1, 2), (2, 2), (1, 4), (4, 4)]
"""Sessions, and threads that share them."""


def measure(options: argparse.Namespace, sessions: int, threads: int) -> Dict[str, float]:
    """Frames per second and memory of one variant."""
    import cv2

    from splitdet import Detector

    image = cv2.resize(cv2.imread(options.image), (1280, 720), interpolation=cv2.INTER_AREA)
    settings = {"worker_threads": threads, "device": options.device}
    begin_s = time.perf_counter()
    detectors = [Detector(options.graph, **settings) for _ in range(sessions)]
    with ThreadPoolExecutor(threads) as pool:

        def run(count: int) -> float:
            begin_s = time.perf_counter()
            list(pool.map(lambda index: detectors[index % sessions].detect(image), range(count)))
            return count / (time.perf_counter() - begin_s)

        run(2 * threads)
        ready_s = time.perf_counter() - begin_s
        fps = run(options.frames)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"fps": round(fps, 4), "peak_rss_mib": round(peak), "ready_s": round(ready_s, 2)}


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph")
    parser.add_argument("--image", required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--machine", default=platform.machine(), help="what to call this machine")
    parser.add_argument("--json", metavar="FILE", type=Path)
    parser.add_argument("--variant", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.variant:
        print(json.dumps(measure(options, *options.variant)))
        return
    runs: Dict[Tuple[int, int], List[Dict[str, float]]] = {variant: [] for variant in VARIANTS}
    for _ in range(options.repeats):
        for variant in VARIANTS:
            command = [sys.executable, __file__, options.graph, "--image", options.image]
            command += ["--device", options.device, "--frames", str(options.frames), "--variant"]
            done = subprocess.run([*command, *map(str, variant)], stdout=subprocess.PIPE, check=True)
            runs[variant].append(json.loads(done.stdout.splitlines()[-1]))
    rows = []
    for (sessions, threads), found in runs.items():
        ratios = [own["fps"] / base["fps"] for own, base in zip(found, runs[VARIANTS[0]])]
        row: Dict[str, Any] = {"sessions": sessions, "threads": threads}
        row.update({name: statistics.median(run[name] for run in found) for name in found[0]})
        row["ratio"] = round(statistics.median(ratios), 3)
        rows.append(row)
        print(row, flush=True)
    if options.json:
        result = {
            "machine": options.machine,
            "cores": os.cpu_count(),
            "model": Path(options.graph).stem,
            "frames": options.frames,
            "repeats": options.repeats,
            "rows": rows,
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
