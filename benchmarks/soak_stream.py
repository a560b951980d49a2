"""A stream whose server dies again and again: what leaks, are all gaps counted, are all frames new?

    python benchmarks/soak_stream.py --minutes 20 --every 30 --down 3 --json FILE [--model MODEL]

An RTSP server in a process of its own paints a clock into each of its pictures (320x240, 25 a second)
and is killed after `--every` seconds; a new one starts `--down` seconds later. This process reads the
stream, and detects if there is a model. Memory, threads and file handles are noted in the middle of
each life of the server; growth leaves out the first two, which load what is loaded once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import numpy as np
from held import held

from splitdet.assemble import assemble
from splitdet.config import Config, make_config
from splitdet.detector import Detector
from splitdet.gstreamer.rtsp_server import RtspServer
from splitdet.sinks.encode import encoder
from splitdet.sources.captures.choose import choose_capture
from splitdet.sources.captures.opencv import OpenCVCapture
from splitdet.sources.captures.pyav import PyAVCapture
from splitdet.sources.painted import age_s, paint_clock
from splitdet.sources.stream import StreamSource
from splitdet.types import Frame

PORT = 17100
ADDRESS = f"rtsp://127.0.0.1:{PORT}/soak"
RATE = 25
WARM_UP_LIVES = 2
OLD_S = 5.0  # a frame of the server before would be older, unless that was down for less


def serve() -> None:
    """Paint and serve until killed."""
    config = make_config()
    server = RtspServer("127.0.0.1", PORT, "/soak", encoder(config.encode, RATE, "pc"), Fraction(RATE))
    picture = np.full((240, 320, 3), 90, np.uint8)
    due_s = time.perf_counter()
    while True:
        paint_clock(picture)
        server.push(picture)
        due_s += 1 / RATE
        time.sleep(max(0.0, due_s - time.perf_counter()))


class Servers(threading.Thread):
    """Starts a server, kills it, and so on."""

    def __init__(self, every_s: float, down_s: float, end_s: float) -> None:
        super().__init__(daemon=True)
        self._every_s, self._down_s, self._end_s = every_s, down_s, end_s
        self.kills = 0
        self.over = threading.Event()
        self.alive_since_s = time.perf_counter()

    def run(self) -> None:
        """Until the end; the last one is left alone for a while."""
        while time.perf_counter() < self._end_s and not self.over.is_set():
            with subprocess.Popen([sys.executable, __file__, "--serve"]) as server:
                self.alive_since_s = time.perf_counter()
                self.over.wait(self._every_s)
                server.kill()
            self.kills += 1
            self.over.wait(self._down_s)
        with subprocess.Popen([sys.executable, __file__, "--serve"]) as server:
            self.over.wait()
            server.kill()


def open_stream(reader: str, config: Config) -> StreamSource:
    """The stream, by one of the readers; it need not be there yet."""
    silence_s = config.reconnect.silence_s
    makers: Dict[str, Any] = {
        "gstreamer": choose_capture(ADDRESS, config).make_capture,
        "pyav": lambda: PyAVCapture(ADDRESS, config.camera, silence_s),
        "opencv": lambda: OpenCVCapture(ADDRESS, silence_s),
    }
    return StreamSource(ADDRESS, makers[reader], None, config.reconnect, patient=True)


def frames_of(source: StreamSource, detector: Optional[Detector]) -> Iterator[Frame]:
    """The frames, once they have been through the model if there is one."""
    if detector is None:
        yield from iter(source.read, None)
        return
    with assemble(source, detector) as pipeline:
        for batch in pipeline:
            yield from batch.frames


def soak(options: argparse.Namespace) -> Dict[str, Any]:
    """Read until the end."""
    config = make_config(
        reconnect={"silence_s": 5.0},
        engine="tensorflow",
        **({"model_path": options.model} if options.model else {}),
    )
    detector = Detector.from_config(config) if options.model else None
    begin_s = time.perf_counter()
    servers = Servers(options.every, options.down, begin_s + 60 * options.minutes)
    servers.start()
    try:
        return watch(options, config, detector, servers, begin_s)
    finally:
        servers.over.set()
        servers.join()


def watch(
    options: argparse.Namespace,
    config: Config,
    detector: Optional[Detector],
    servers: Servers,
    begin_s: float,
) -> Dict[str, Any]:
    """Read until the end, and note what happens."""
    source = open_stream(options.reader, config)
    frames = torn = old = 0
    samples: List[Dict[str, float]] = []
    sampled_life = -1
    for frame in frames_of(source, detector):
        frames += 1
        age = age_s(frame.image)
        torn += age is None
        old += age is not None and age - (time.perf_counter() - frame.captured_s) > OLD_S
        now_s = time.perf_counter()
        if servers.kills > sampled_life and now_s - servers.alive_since_s > options.every / 2:
            sampled_life = servers.kills
            samples.append({"s": round(now_s - begin_s, 1), "gaps": source.gaps.count, **held()})
            print(samples[-1], flush=True)
        if now_s > begin_s + 60 * options.minutes and servers.kills == source.gaps.count:
            break
    source.interrupt()
    source.close()
    steady = samples[WARM_UP_LIVES:]
    growth = {name: round(steady[-1][name] - steady[0][name], 1) for name in held()}
    return {
        "reader": options.reader,
        "model": options.model,
        "minutes": options.minutes,
        "server_died": servers.kills,
        "gaps": without_list(source.gaps.summary()),
        "frames": frames,
        "torn_or_black": torn,
        "old": old,
        "growth_after_warm_up": growth,
        "samples": samples,
    }


def without_list(gaps: Dict[str, Any]) -> Dict[str, Any]:
    """Gaps without the list of the last few; their longest instead."""
    last = gaps.pop("last")
    return {**gaps, "longest_of_last_s": max((gap["seconds"] for gap in last), default=0.0)}


def main() -> None:
    """Run, and tell how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--every", type=float, default=30.0, help="seconds that a server lives")
    parser.add_argument("--down", type=float, default=3.0, help="seconds until the next one starts")
    parser.add_argument("--reader", default="gstreamer", choices=("gstreamer", "pyav", "opencv"))
    parser.add_argument("--model", default="", help="detect with this model, too")
    parser.add_argument("--json", default="")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    result = soak(options)
    print(json.dumps({name: value for name, value in result.items() if name != "samples"}, indent=2))
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
