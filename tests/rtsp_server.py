"""A real RTSP server in a process of its own: python rtsp_server.py PORT [CODEC].

Serves 320x240 at 25 frames per second at /live, each with the time at which it was painted, and prints
its port. A line tells it to `end` the stream, or to fall `silent`.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, Iterator, List, Tuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from splitdet.config.encode import Encode
from splitdet.gstreamer.rtsp_server import RtspServer
from splitdet.sinks.encode import encoder
from splitdet.sources.painted import paint_clock

RATE = 25
SIZE = (240, 320)


@contextmanager
def rtsp_server(*arguments: Any, port: int = 0) -> Iterator[Tuple[Popen, str]]:
    """A server while the context lasts, and its address."""
    command = [sys.executable, __file__, port, *arguments]
    words = [str(word) for word in command]
    with Popen(words, stdin=PIPE, stdout=PIPE, universal_newlines=True) as process:
        try:
            assert process.stdout is not None
            yield process, f"rtsp://127.0.0.1:{int(process.stdout.readline())}/live"
        finally:
            process.kill()


def tell(server: Popen, what: str) -> None:
    """Have it `end` the stream, or fall `silent`."""
    assert server.stdin is not None
    server.stdin.write(what + "\n")
    server.stdin.flush()


def _serve(port: int, codec: str = "h264") -> None:
    """Serve until killed."""
    told: List[str] = []
    threading.Thread(target=lambda: told.append(sys.stdin.readline().strip()), daemon=True).start()
    pipeline = encoder(Encode(codec=codec), RATE // 2, "pc")
    server = RtspServer("127.0.0.1", port, "/live", pipeline, Fraction(RATE))
    print(server.port, flush=True)
    picture = np.empty((*SIZE, 3), np.uint8)
    picture[:] = (200, 90, 40)
    due_s = time.perf_counter()
    while not told:
        paint_clock(picture)
        server.push(picture)
        due_s += 1 / RATE
        time.sleep(max(0.0, due_s - time.perf_counter()))
    if told == ["end"]:
        server.end()
    threading.Event().wait()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), *sys.argv[2:])
