"""What it costs to see: detection by frames a second with and without a window, a browser and a file.

    python benchmarks/display.py --video VIDEO --json FILE [--set engine_cores=1]

Every run is one of `run_video.py`, on the video enlarged to 1280x720, in a process of its own; the
variants take turns, and each is compared with the run of the same round that shows nothing. The window
is on a screen of 1280x720 in memory (Xvfb; an OpenCV with windows is needed). The CPU time is that of
the run, its worker, the X server and the clients of the live view, beyond what the same frames take
without a display. With `--set engine_cores=..` the network leaves cores to the display.
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
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
SIZE_PX = (1280, 720)
PORT = 17300  # below those of outgoing connections: who knocks at one of them may meet himself
WEB = f"web={PORT}"


class Variant(NamedTuple):
    """A way to see."""

    name: str
    arguments: Tuple[str, ...]
    clients: int = 0
    """Those of the live view."""


def keys(*pairs: str) -> Tuple[str, ...]:
    """Settings as arguments."""
    return tuple(word for pair in pairs for word in ("--set", pair))


WINDOW = "visualize=True"
WORKER = (WINDOW, "vis_worker=True")
VARIANTS = (
    Variant("off", ("--no-display",)),
    Variant("window, drawn inline", keys(WINDOW)),
    Variant("window, drawn inline, at most 30", keys(WINDOW, "max_vis_fps=30")),
    Variant("window by a worker, at most 30", keys(*WORKER, "max_vis_fps=30")),
    Variant("window by a worker, all", keys(*WORKER)),
    Variant("browser, nobody looks", ("--no-display", *keys(WEB))),
    Variant("browser, 3 clients", ("--no-display", *keys(WEB)), clients=3),
    Variant("video file", ("--no-display", "--save", "{folder}/annotated.avi")),
)


def enlarge(source: str, path: Path) -> None:
    """The same video at the size of the benchmark."""
    import cv2

    capture = cv2.VideoCapture(source)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30.0, SIZE_PX)
    while True:
        found, frame = capture.read()
        if not found:
            break
        writer.write(cv2.resize(frame, SIZE_PX))
    writer.release()


@contextmanager
def screen() -> Iterator[int]:
    """A screen in memory, as DISPLAY; gives the number of the X server's process."""
    ours, theirs = os.pipe()
    size = "{}x{}x24".format(*SIZE_PX)
    command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", size, "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[theirs], stderr=subprocess.DEVNULL) as server:
        os.close(theirs)
        with os.fdopen(ours) as told:
            os.environ["DISPLAY"] = ":" + told.readline().strip()
        try:
            yield server.pid
        finally:
            server.terminate()


def cpu_s_of(pid: int) -> float:
    """CPU seconds of another process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def look(until: threading.Event, received: List[int]) -> None:
    """A client of the live view: it takes pictures until told to stop."""
    parts = 0
    while not until.is_set():
        try:
            with urlopen(f"http://127.0.0.1:{PORT}/stream.mjpg", timeout=2) as stream:
                while not until.is_set():
                    data = stream.read1(1 << 20)
                    if not data:
                        break
                    parts += data.count(b"Content-Type: image/jpeg")
        except (URLError, OSError):
            until.wait(0.1)  # not there yet, or no longer
    received.append(parts)


def measure(variant: Variant, options: argparse.Namespace, folder: str, server: int) -> Dict[str, float]:
    """Figures of one run."""
    summary = Path(folder) / "summary.json"
    command = [sys.executable, str(ROOT / "run_video.py"), "--input", f"{folder}/video.mp4"]
    command += [word.format(folder=folder) for word in variant.arguments]
    for pair in ("playback.loop=-1", f"model_path={options.model}", "det_interval=0", *options.set):
        command += ["--set", pair]
    command += ["--max-frames", str(options.frames), "--summary", str(summary)]
    stop = threading.Event()
    received: List[int] = []
    clients = [
        threading.Thread(target=look, args=(stop, received), daemon=True) for _ in range(variant.clients)
    ]
    for client in clients:
        client.start()

    def spent_s() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
        return sum(usage.ru_utime + usage.ru_stime for usage in used) + cpu_s_of(server)

    before_s = spent_s()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    cpu_s = spent_s() - before_s
    stop.set()
    for client in clients:
        client.join()
    found = json.loads(summary.read_text(encoding="utf-8"))
    assert found["frames_out"] == options.frames
    shown = sum(received) / len(clients) if clients else found["shown"]
    if "--save" in variant.arguments:
        shown = options.frames
    return {
        "fps": found["fps"],
        "shown_fps": shown / found["elapsed_s"],
        "shown": shown,
        "cpu_s": cpu_s,
        "p95_ms": found["latency_ms"]["p95"],
    }


def compared(name: str, runs: List[Dict[str, float]], plain: List[Dict[str, float]]) -> Dict[str, Any]:
    """A row of the result."""
    pairs = list(zip(runs, plain))
    row: Dict[str, Any] = {
        "display": name,
        "fps": round(statistics.median(run["fps"] for run in runs), 2),
        "ratio": round(statistics.median(run["fps"] / off["fps"] for run, off in pairs), 4),
        "ratios": [round(run["fps"] / off["fps"], 4) for run, off in pairs],
        "shown_fps": round(statistics.median(run["shown_fps"] for run in runs), 2),
        "p95_ms": round(statistics.median(run["p95_ms"] for run in runs), 2),
    }
    if all(run["shown"] for run in runs):
        costs_ms = [1000 * (run["cpu_s"] - off["cpu_s"]) / run["shown"] for run, off in pairs]
        row["cpu_ms_per_shown_frame"] = round(statistics.median(costs_ms), 2)
    return row


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--video", required=True)
    parser.add_argument("--model", default="ssdlite_mobilenet_v2_coco_2018_05_09")
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--only", nargs="+", metavar="WORDS", help="displays whose names have such words"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--machine", default=platform.machine(), help="what to call this machine")
    parser.add_argument("--json", metavar="FILE", type=Path)
    options = parser.parse_args()
    wanted = [
        variant
        for variant in VARIANTS
        if variant.name == "off" or any(words in variant.name for words in options.only or [""])
    ]
    runs: Dict[str, List[Dict[str, float]]] = {variant.name: [] for variant in wanted}
    with tempfile.TemporaryDirectory() as folder, screen() as server:
        enlarge(options.video, Path(folder) / "video.mp4")
        measure(VARIANTS[0], options, folder, server)  # caches are filled, and engines chosen
        for number in range(options.rounds):
            for variant in wanted[:: -1 if number % 2 else 1]:
                runs[variant.name].append(measure(variant, options, folder, server))
    rows = [compared(name, found, runs["off"]) for name, found in runs.items()]
    for row in rows:
        print(row, flush=True)
    if options.json:
        content = {
            "machine": options.machine,
            "cores": os.cpu_count(),
            "size": "{}x{}".format(*SIZE_PX),
            "model": options.model,
            "settings": options.set,
            "frames": options.frames,
            "rounds": options.rounds,
            "rows": rows,
        }
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
