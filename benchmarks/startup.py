"""Time to the first picture, at the first start and at later ones: import, load, build, warm-up.

    python benchmarks/startup.py --model NAME --image PHOTO --json benchmarks/results/startup_cpu.json

Each start is a process of its own that makes a `splitdet.Detector` and detects in one photograph.
The first has an empty cache folder, the later ones find there what the first has left. Before that,
one start that does not count puts the files of the libraries into memory.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List

ROOT = Path(__file__).resolve().parents[1]
CASES = ["engine=tensorflow", "engine=openvino", "engine=onnxruntime", "engine=auto"]
CHILD = """
import json, sys, time
import splitdet
settings = dict(pair.split("=", 1) for pair in sys.argv[3:])
detector = splitdet.Detector(sys.argv[1], **settings)
import cv2
detector.detect(cv2.imread(sys.argv[2]))
print(json.dumps({
    **detector.startup_s,
    "cpu": time.process_time(),
    "engine": detector.engine.description,
    "tensorflow": "tensorflow" in sys.modules,
}))
"""
PARTS = ("import", "load", "build", "warm_up")


def start(options: argparse.Namespace, settings: List[str], folder: Path) -> Dict[str, Any]:
    """One start; seconds."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "lib"),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "SPLITDET_CACHE": str(folder / "cache"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as it is for everybody else
    command = [sys.executable, "-c", CHILD, options.model, options.image, *settings]
    begin_s = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: Dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {"total": time.perf_counter() - begin_s, **found}


def measure(options: argparse.Namespace, case: str, folder: Path) -> Dict[str, Any]:
    """The first start of a case, and the median of later ones."""
    settings = case.split(",")
    first = start(options, settings, folder)
    later = [start(options, settings, folder) for _ in range(options.repeats)]
    names = ("total", "cpu", *PARTS)
    again = {name: statistics.median(one[name] for one in later) for name in names}
    return {
        "engine": first["engine"],
        "loads_tensorflow": later[0]["tensorflow"],
        "first_s": {name: round(first[name], 3) for name in names},
        "again_s": {name: round(again[name], 3) for name in names},
        "ratio": round(again["total"] / first["total"], 3),
        "ratio_cpu": round(again["cpu"] / first["cpu"], 3),
    }


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--image", required=True, help="a photograph")
    parser.add_argument(
        "--case",
        action="append",
        metavar="KEY=VALUE[,KEY=VALUE]",
        help="settings of a start (default: each engine for CPUs)",
    )
    parser.add_argument("--machine", default=platform.machine(), help="what to call this machine")
    parser.add_argument("--repeats", type=int, default=3, help="later starts")
    parser.add_argument("--json", metavar="FILE", type=Path)
    options = parser.parse_args()
    rows: Dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as bytecode:
        for case in options.case or CASES:
            with tempfile.TemporaryDirectory() as cache:
                folder = Path(cache)
                (folder / "bytecode").symlink_to(bytecode)
                start(options, case.split(","), folder)
                shutil.rmtree(str(folder / "cache"), ignore_errors=True)
                row = measure(options, case, folder)
            name = ", ".join(one for one in case.split(",") if not one.startswith("calibration="))
            rows[name] = row
            print(name, row, flush=True)
    result = {
        "machine": options.machine,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "model": Path(options.model).name,
        "starts": rows,
    }
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
