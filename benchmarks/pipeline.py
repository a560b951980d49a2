"""What the pipeline itself costs: throughput against the slowest stage, and CPU time when idle.

    python benchmarks/pipeline.py --json benchmarks/results/pipeline.json

Stages sleep instead of computing, so all that is lost is the pipeline's own.
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
from typing import Any, Dict, List

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fakes import FakeDetector, FakeSource, takes
from splitdet.assemble import assemble
from splitdet.config import make_config

CASES = [(1, 10, 1), (10, 1, 1), (1, 1, 10), (10, 10, 10), (2, 5, 3)]
FRAMES = 150
REPEATS = 7


def throughput(times_ms: tuple[float, float, float]) -> Dict[str, Any]:
    """Frames per second with one thread a stage, against 1 / slowest stage, in alternation."""
    pairs = [(_pipeline_fps(times_ms), _loop_fps(max(times_ms))) for _ in range(REPEATS)]
    fps, ideal = (statistics.median(column) for column in zip(*pairs))
    ratio = statistics.median(one / other for one, other in pairs)
    return {
        "stages_ms": times_ms,
        "fps": round(fps, 2),
        "ideal_fps": round(ideal, 2),
        "ratio": round(ratio, 4),
    }


def _pipeline_fps(times_ms: tuple[float, float, float]) -> float:
    """From the first to the last result, so that filling the pipeline is not counted."""
    steps = {name: takes(time_ms) for name, time_ms in zip(("prepare", "accelerator", "cpu"), times_ms)}
    detector = FakeDetector(steps, make_config(accelerator_feeders=1, cpu_feeders=1))
    with assemble(FakeSource(FRAMES), detector) as pipeline:
        done_s = [time.perf_counter() for _ in pipeline]
    return (len(done_s) - 1) / (done_s[-1] - done_s[0])


def _loop_fps(time_ms: float) -> float:
    """What a loop of the same sleeps reaches: a sleep lasts a little longer than asked for."""
    work = takes(time_ms)
    begin_s = time.perf_counter()
    for index in range(FRAMES):
        work(index)
    return FRAMES / (time.perf_counter() - begin_s)


def idle(seconds: float) -> Dict[str, Any]:
    """Share of one core that a pipeline takes which waits for a camera."""
    with assemble(FakeSource(2, rate=1.0 / seconds), FakeDetector()) as pipeline:
        batches = iter(pipeline)
        next(batches)
        begin_cpu_s, begin_s = time.process_time(), time.perf_counter()
        next(batches)
        used = (time.process_time() - begin_cpu_s) / (time.perf_counter() - begin_s)
    return {"seconds": seconds, "cpu_percent": round(100 * used, 4)}


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    rows: List[Dict[str, Any]] = [throughput(case) for case in CASES]
    result = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "repeats": REPEATS,
        "throughput": rows,
        "idle": idle(10.0),
    }
    for row in rows:
        print("stages of {stages_ms} ms: {fps} FPS, {ratio} of the ideal {ideal_fps}".format(**row))
    print("waiting for a camera: {cpu_percent} % of a core".format(**result["idle"]))
    if options.json:
        Path(options.json).parent.mkdir(parents=True, exist_ok=True)
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
