"""How many video streams one machine carries, decoding included, by who decodes.

    python benchmarks/streams.py --model MODEL --video VIDEO --streams 8 32 96 --json FILE \
        --set engine=tensorrt --set precision=fp16 --set batch_size=16 --set accelerator_feeders=8

Each run is one of `run_video.py` with the same video as so many inputs: first as fast as it goes, where
frames a second by the rate of the video are the streams that it would carry, then with `--paced` inputs
at the rate of the video, as cameras give it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict

ROOT = Path(__file__).resolve().parents[1]
DECODERS = ("software", "nvdec")


def run(options: argparse.Namespace, decoder: str, streams: int, speed: str) -> Dict[str, Any]:
    """The summary of one run."""
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "summary.json"
        command = [sys.executable, str(ROOT / "run_video.py"), "--no-display"]
        command += ["--input", options.video] * streams
        pairs = [f"model_path={options.model}", "det_interval=0"]
        pairs += [f"playback.decoder={decoder}", f"playback.speed={speed}"]
        for pair in (*pairs, *options.set):
            command += ["--set", pair]
        command += ["--summary", str(summary)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise SystemExit(done.stdout.decode(errors="replace")[-3000:])
        found: Dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
        return found


def figures(found: Dict[str, Any], rate: float) -> Dict[str, Any]:
    """What is kept of a run."""
    return {
        "frames": found["frames_out"],
        "fps": round(found["fps"], 1),
        "streams_carried": round(found["fps"] / rate, 1),
        "read_ms": found["stages_ms"]["read"]["mean"],
        "latency_ms": {key: found["latency_ms"][key] for key in ("p50", "p95")},
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--video", required=True)
    parser.add_argument("--rate", type=float, default=30.0, help="of the video, frames per second")
    parser.add_argument("--streams", type=int, nargs="+", default=[8, 32, 96])
    parser.add_argument("--paced", type=int, nargs="*", default=[], help="inputs at the video's rate")
    parser.add_argument("--decoder", choices=DECODERS, nargs="+", default=list(DECODERS))
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--machine", default=platform.machine(), help="what to call this machine")
    parser.add_argument("--json", metavar="FILE", type=Path)
    options = parser.parse_args()
    options.video = os.path.abspath(options.video)
    plan = [(count, "fast") for count in options.streams]
    plan += [(count, "source") for count in options.paced]
    rows = []
    for decoder in options.decoder:
        for streams, speed in plan:
            found = figures(run(options, decoder, streams, speed), options.rate)
            rows.append({"decoder": decoder, "inputs": streams, "paced": speed == "source", **found})
            print(rows[-1], flush=True)
    if options.json:
        content = {
            "machine": options.machine,
            "cores": os.cpu_count(),
            "model": Path(options.model).name,
            "video": Path(options.video).name,
            "settings": options.set,
            "rows": rows,
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
