"""Split against not split, as a user runs it: run_video.py on one file, in alternation.

python benchmarks/split.py --model NAME --input VIDEO --json benchmarks/results/split.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

ROOT = Path(__file__).resolve().parents[1]
CASES = {
    "split, 2 feeders": ["--set", "accelerator_feeders=2"],
    "split, 1 feeder": ["--set", "accelerator_feeders=1"],
    "not split, 2 feeders": ["--set", "accelerator_feeders=2", "--no-split"],
    "not split, 1 feeder": ["--set", "accelerator_feeders=1", "--no-split"],
}
BASE = "not split, 1 feeder"


def run_once(options: argparse.Namespace, flags: List[str]) -> Dict[str, Any]:
    """The summary of one run."""
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "summary.json"
        command = [sys.executable, str(ROOT / "run_video.py"), "--model", options.model]
        command += ["--input", options.input, "--no-display", "--set", "det_interval=0"]
        command += ["--set", "engine=tensorflow"]
        command += ["--set", "device=" + options.device, "--summary", str(summary), *flags]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        content: Dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
        return content


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--machine", default=platform.machine(), help="what to call this machine")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    runs: Dict[str, List[Dict[str, Any]]] = {name: [] for name in CASES}
    for _ in range(options.repeats):
        for name, flags in CASES.items():
            runs[name].append(run_once(options, flags))
    rows = {}
    for name, summaries in runs.items():
        ratios = [one["fps"] / base["fps"] for one, base in zip(summaries, runs[BASE])]
        rows[name] = {
            "fps": round(statistics.median(one["fps"] for one in summaries), 2),
            "ratio": round(statistics.median(ratios), 3),
            "latency_p50_ms": round(statistics.median(one["latency_ms"]["p50"] for one in summaries), 2),
            "latency_p95_ms": round(statistics.median(one["latency_ms"]["p95"] for one in summaries), 2),
            "stages_ms": {
                stage: round(statistics.median(one["stages_ms"][stage]["mean"] for one in summaries), 3)
                for stage in summaries[0]["stages_ms"]
            },
        }
        print(name, rows[name])
    result = {
        "machine": options.machine,
        "cores": os.cpu_count(),
        "engine": runs[BASE][0]["engine"],
        "model": Path(options.model).name,
        "input": Path(options.input).name,
        "frames": runs[BASE][0]["frames_out"],
        "repeats": options.repeats,
        "rows": rows,
    }
    if options.json:
        Path(options.json).parent.mkdir(parents=True, exist_ok=True)
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
