"""Millions of frames through one pipeline: does anything grow, do the counters add up?

    python benchmarks/soak.py --frames 2000000 --json FILE
    python benchmarks/soak.py --frames 200000 --engine openvino --json FILE
    python benchmarks/soak.py --frames 2000000 --engine openvino --live --json FILE

The first is an engine that does nothing, the others a real one with a tiny network. The pipeline is that
of a run: source, policy, stages, meter and output. Frames are 64x64, in memory, and all different in
their first pixels, so that a frame which is lost, doubled or out of order is seen. With `--live` they
come as fast as they can from what counts as a camera, so most are dropped, and counted. Growth is what
the last tenth of the samples has more than the second; the first loads what is loaded once.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import numpy as np
from held import held

from fakes import FakeDetector
from splitdet.assemble import assemble
from splitdet.config import make_config
from splitdet.detector import Detector
from splitdet.output import Output
from splitdet.pipeline.meter import Meter
from splitdet.sources.memory import MemorySource
from splitdet.visualize.painter import Painter
from ssd_graphs import write_ssd

SIZE_PX = 64
SAMPLES = 200


def numbered(count: int) -> Iterator[np.ndarray]:
    """Pictures whose first pixels say which they are."""
    ground = np.random.RandomState(0).randint(0, 256, (SIZE_PX, SIZE_PX, 3)).astype(np.uint8)
    for index in range(count):
        picture = ground.copy()
        picture[0, :3, 0] = [index & 255, index >> 8 & 255, index >> 16 & 255]
        yield picture


def number_of(picture: np.ndarray) -> int:
    """Which picture of `numbered` this is."""
    low, middle, high = (int(value) for value in picture[0, :3, 0])
    return low | middle << 8 | high << 16


def open_detector(engine: str, folder: str) -> Any:
    """A tiny detector by that engine, or what stands for one and does nothing."""
    if engine == "none":
        return FakeDetector(config=make_config())
    graph = write_ssd(Path(folder) / "frozen_inference_graph.pb", "nms_v2", SIZE_PX)
    return Detector.from_config(make_config(model_path=str(graph), engine=engine, det_th=0.3))


def soak(options: argparse.Namespace, detector: Any) -> Dict[str, Any]:
    """Let all frames through, and note what this process holds."""
    source = MemorySource(numbered(options.frames))
    source.live = options.live
    meter = Meter(detector.config.fps_interval)
    output = Output(Painter(detector.labels, ()), [], meter, text=False)
    every = max(1, options.frames // SAMPLES)
    samples: List[Dict[str, float]] = []
    frames_out = detections = wrong = 0
    expected = itertools.count()
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    with assemble(source, detector, output) as pipeline:
        meter.watch(pipeline.inlet)
        for batch in pipeline:
            meter.batch_done(batch)
            for frame, found in zip(batch.frames, batch.results):
                index = frame.index if options.live else next(expected)
                wrong += not index == frame.index == number_of(frame.image)
                frames_out += 1
                detections += len(found)
            if every * (len(samples) + 1) <= pipeline.inlet.captured < options.frames:
                samples.append({"frames_in": pipeline.inlet.captured, **held()})
                if len(samples) % 10 == 0:
                    print(f"{time.perf_counter() - begin_s:.0f} s", samples[-1], flush=True)
        if not samples:  # a camera so fast that all of it came before the first result
            samples.append({"frames_in": pipeline.inlet.captured, **held()})
    seconds = time.perf_counter() - begin_s
    dropped = pipeline.dropped
    return {
        "engine": detector.engine.description,
        "policy": "latest" if options.live else "lossless",
        "frames_in": pipeline.inlet.captured,
        "frames_out": frames_out,
        "dropped": dropped,
        "adds_up": pipeline.inlet.captured == frames_out + sum(dropped.values()) == options.frames,
        "lost_doubled_or_out_of_order": wrong,
        "detections": detections,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time() - begin_cpu_s, 1),
        "latency_ms": meter.summary()["latency_ms"],
        "growth": growth(samples),
        "samples": samples,
    }


def growth(samples: List[Dict[str, float]]) -> Dict[str, float]:
    """Means of the last tenth less those of the second; see above."""
    tenth = max(1, len(samples) // 10)
    early, late = samples[tenth : 2 * tenth] or samples[:1], samples[-tenth:]

    def mean(some: List[Dict[str, float]], name: str) -> float:
        return statistics.mean(sample[name] for sample in some)

    return {name: round(mean(late, name) - mean(early, name), 2) for name in held()}


def main() -> None:
    """Run, and tell how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--frames", type=int, default=2_000_000)
    parser.add_argument("--engine", default="none", help="'none', or any engine of config.yml")
    parser.add_argument("--live", action="store_true", help="as of a camera: the newest frame")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        detector = open_detector(options.engine, folder)
        detector.warm_up(SIZE_PX, SIZE_PX)
        result = soak(options, detector)
        detector.close()
    result = {"machine": {"cores": os.cpu_count(), "python": platform.python_version()}, **result}
    print(json.dumps({name: value for name, value in result.items() if name != "samples"}, indent=2))
    if options.json:
        Path(options.json).parent.mkdir(parents=True, exist_ok=True)
        Path(options.json).write_text(json.dumps(result) + "\n", encoding="utf-8")
    if not result["adds_up"] or result["lost_doubled_or_out_of_order"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
