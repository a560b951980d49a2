"""From a picture to its result, by a clock that is painted into the picture before it is coded and sent.

    python benchmarks/latency.py --model MODEL --json FILE [--seconds 20]

A process of its own paints, codes (H.264) and sends a stream by RTP, or serves it by RTSP. This one
reads it, detects, and looks at the clock in each picture when its result is there. So coding, sending,
decoding and every queue are in the figure `clock`; `meter` is what `splitdet run` prints, which begins
when the picture has been decoded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import cv2
import numpy as np

from splitdet.assemble import assemble
from splitdet.config import make_config
from splitdet.detector import Detector
from splitdet.pipeline.meter import Histogram, Meter
from splitdet.sinks.send import open_sender
from splitdet.sources.choose import open_source
from splitdet.sources.painted import age_s, paint_clock
from splitdet.types import Detections, Frame

PORT = 47000
SETTLING_S = 3.0  # not counted


def send(transport: str, height: int, width: int, rate: int) -> None:
    """Paint and send until killed."""
    place = {"rtp": f"rtp://127.0.0.1:{PORT}", "rtsp": f"rtsp://127.0.0.1:{PORT}/clock"}[transport]
    sink = open_sender(place, make_config(), rate, live=True, stream=0, count=1)
    ground = np.zeros((height, width, 3), np.uint8)
    cv2.randu(ground, 0, 255)
    ground = cv2.GaussianBlur(ground, (0, 0), 8)
    due_s = time.perf_counter()
    index = 0
    while True:
        picture = ground.copy()
        paint_clock(picture)
        sink.write(Frame(picture, index, "clock", 0.0, 0.0), Detections.none(), picture)
        index += 1
        due_s += 1 / rate
        time.sleep(max(0.0, due_s - time.perf_counter()))


def measure(transport: str, seconds: float, **settings: Any) -> Dict[str, Any]:
    """Read, detect, and look at the clocks for so long."""
    camera = {"kind": transport, "port": PORT, "address": f"rtsp://127.0.0.1:{PORT}/clock"}
    if transport == "rtp":
        camera["address"] = ""
    config = make_config(camera=camera, **settings)
    clock, arrival, meter = Histogram(), Histogram(), Meter(5.0)
    unread = 0
    with Detector.from_config(config) as detector:
        detector.warm_up()
        with assemble(open_source("camera", config), detector) as pipeline:
            begin_s = time.perf_counter()
            for batch in pipeline:
                now_s = time.perf_counter()
                if now_s - begin_s < SETTLING_S:
                    continue
                meter.batch_done(batch)
                for frame in batch.frames:
                    age = age_s(frame.image)
                    if age is None:
                        unread += 1
                        continue
                    clock.add(age)
                    arrival.add(age - (time.perf_counter() - frame.captured_s))
                if now_s - begin_s > SETTLING_S + seconds:
                    break
        return {
            "transport": transport,
            "latency": settings["latency"],
            "model": Path(settings["model_path"]).name,
            "engine": detector.engine.description,
            "frames": meter.frames_out,
            "fps": round(meter.fps, 2),
            "dropped": pipeline.dropped,
            "clock_ms": clock.as_ms(),
            "until_decoded_ms": arrival.as_ms(),
            "meter_ms": meter.latency.as_ms(),
            "unread": unread,
        }


def line(row: Dict[str, Any]) -> str:
    """A row for people."""
    clock = row["clock_ms"]
    return (
        f"{row['transport']:5} {row['latency']:7} {row['fps']:5.1f} FPS, clock p50 "
        f"{clock['p50']:.1f} p95 {clock['p95']:.1f} ms; p50 until decoded "
        f"{row['until_decoded_ms']['p50']:.1f}, meter {row['meter_ms']['p50']:.1f}"
    )


def main() -> None:
    """Compare the modes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="ssdlite_mobilenet_v2_coco_2018_05_09")
    parser.add_argument("--json", default="")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--rate", type=int, default=30, help="frames per second that are sent")
    parser.add_argument("--engine", default="tensorflow")
    parser.add_argument("--send", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    if options.send:
        send(options.send, height, width, options.rate)
    rows: List[Dict[str, Any]] = []
    for transport in ("rtp", "rtsp"):
        command = [sys.executable, __file__, "--send", transport, "--size", options.size]
        command += ["--rate", str(options.rate)]
        with subprocess.Popen(command) as sender:
            try:
                time.sleep(2)
                for latency in ("normal", "low"):
                    model = {"model_path": options.model, "engine": options.engine}
                    rows.append(measure(transport, options.seconds, latency=latency, **model))
                    print(line(rows[-1]), flush=True)
            finally:
                sender.kill()
    if options.json:
        content = {"size": options.size, "rate": options.rate, "cores": os.cpu_count(), "rows": rows}
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
