"""Counters and clocks of a run. Every figure that is printed is defined here, once.

All times are differences of `time.perf_counter()`.

    frames_in     frames that the source gave
    frames_out    frames whose results were handed on, in order
    dropped       frames_in - frames_out, by reason
    fps           frames_out per second from the capture of the first frame to the last result;
                  no frame goes through the model twice, so these are distinct frames
    latency       a frame's way from captured to its result handed on
    read          waiting for the source, reading and decoding
    prepare       colour order and stacking, ready for the graph
    accelerator   the network, or the whole graph when it is not split
    cpu           the NMS, and reading the results
    track         numbering what was seen before
    output        drawing and writing
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Tuple

from splitdet.types import Batch

READ = "read"
_SHORTEST_S = 1e-6
_STEPS_PER_DECADE = 200  # neighbouring bins differ by 1.2 %


class Histogram:
    """Times in logarithmic bins: percentiles within 1.2 % in flat memory, whatever the count."""

    def __init__(self) -> None:
        self._bins: Dict[int, int] = {}
        self.count = 0
        self.total_s = 0.0
        self.max_s = 0.0

    def add(self, time_s: float) -> None:
        """Count one time."""
        step = math.floor(_STEPS_PER_DECADE * math.log10(max(time_s, _SHORTEST_S) / _SHORTEST_S))
        self._bins[step] = self._bins.get(step, 0) + 1
        self.count += 1
        self.total_s += time_s
        self.max_s = max(self.max_s, time_s)

    @property
    def mean_s(self) -> float:
        """Mean, exact; 0 where nothing was counted."""
        return self.total_s / self.count if self.count else 0.0

    def percentile_s(self, percent: float) -> float:
        """Time that `percent` of all do not exceed; 0 where nothing was counted."""
        wanted = math.ceil(self.count * percent / 100.0)
        seen = 0
        for step in sorted(self._bins):
            seen += self._bins[step]
            if seen >= wanted:
                middle = _SHORTEST_S * 10 ** ((step + 0.5) / _STEPS_PER_DECADE)
                return min(middle, self.max_s)
        return 0.0

    def as_ms(self) -> Dict[str, float]:
        """Mean, percentiles and maximum, milliseconds."""
        figures = {"mean": self.mean_s, "max": self.max_s}
        figures.update({f"p{p}": self.percentile_s(p) for p in (50, 95, 99)})
        return {name: round(1000 * figures[name], 3) for name in ("mean", "p50", "p95", "p99", "max")}


class Interval(NamedTuple):
    """Figures of the time since the last interval ended."""

    seconds: float
    frames: int
    total_s: float
    """Mean latency, as `latency` above."""
    spans_s: Dict[str, float]
    """Mean time in `read` and in each stage."""
    send_s: float
    """Mean time to hand a picture to the window."""
    shown: int
    """Pictures shown."""
    not_shown: int
    """Pictures that could not be shown because the window was busy."""

    @property
    def lost_s(self) -> float:
        """Mean time spent waiting between stages: latency less the stages' own times."""
        stages = sum(span for name, span in self.spans_s.items() if name != READ)
        return max(0.0, self.total_s - stages)


class Meter:
    """Takes note of every finished batch. `batch_done` and `shown` belong to one thread.

    Args:
        window_s: seconds that the current `fps` looks back.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._lock = threading.Lock()
        self.frames_out = 0
        self.latency = Histogram()
        self.stages: Dict[str, Histogram] = {}
        self.send = Histogram()
        self.not_shown = 0
        self._first_s: Optional[float] = None
        self._last_s = 0.0
        self._marks: Deque[Tuple[float, int]] = deque()  # time and frames_out, a few per second
        self._interval_start = self._totals()

    def batch_done(self, batch: Batch) -> None:
        """Take note of a batch whose results have been handed on."""
        now_s = time.perf_counter()
        for frame in batch.frames:
            if self._first_s is None:
                self._first_s = frame.captured_s - frame.read_s
            self.latency.add(now_s - frame.captured_s)
            self._stage(READ).add(frame.read_s)
        for name, (begin_s, end_s) in batch.spans_s.items():
            self._stage(name).add(end_s - begin_s)
        self._last_s = now_s
        with self._lock:
            self.frames_out += len(batch.frames)
            if not self._marks:
                self._marks.append((self._first_s or now_s, 0))
            if now_s - self._marks[-1][0] >= self._window_s / 20:
                self._marks.append((now_s, self.frames_out))
            while len(self._marks) > 2 and now_s - self._marks[1][0] > self._window_s:
                self._marks.popleft()

    def shown(self, send_s: float) -> None:
        """Take note of a picture that was shown, and how long that took."""
        self.send.add(send_s)

    @property
    def elapsed_s(self) -> float:
        """From the capture of the first frame to the last result."""
        return self._last_s - self._first_s if self._first_s is not None else 0.0

    @property
    def fps(self) -> float:
        """As defined above, over the whole run."""
        return self.frames_out / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def current_fps(self) -> float:
        """As `fps`, over the last `window_s`; safe from any thread."""
        with self._lock:
            if not self._marks:
                return 0.0
            then_s, then = self._marks[0]
            return (self.frames_out - then) / max(1e-9, self._last_s - then_s)

    def interval(self) -> Interval:
        """Figures since the last call."""
        before, now = self._interval_start, self._totals()
        self._interval_start = now
        frames = int(now["frames"] - before["frames"])
        shown = int(now["shown"] - before["shown"])

        def mean(name: str, count: int) -> float:
            return (now[name] - before.get(name, 0.0)) / count if count else 0.0

        return Interval(
            seconds=now["time"] - before["time"],
            frames=frames,
            total_s=mean("latency", frames),
            spans_s={
                name: mean("stage " + name, self._times(now, before, name)) for name in self.stages
            },
            send_s=mean("send", shown),
            shown=shown,
            not_shown=int(now["not shown"] - before["not shown"]),
        )

    def summary(self) -> Dict[str, Any]:
        """The figures of the whole run."""
        return {
            "fps": round(self.fps, 3),
            "frames_out": self.frames_out,
            "elapsed_s": round(self.elapsed_s, 4),
            "latency_ms": self.latency.as_ms(),
            "stages_ms": {name: times.as_ms() for name, times in self.stages.items()},
        }

    def _stage(self, name: str) -> Histogram:
        return self.stages.setdefault(name, Histogram())

    def _times(self, now: Dict[str, float], before: Dict[str, float], name: str) -> int:
        return int(now["times " + name] - before.get("times " + name, 0.0))

    def _totals(self) -> Dict[str, float]:
        totals = {
            "time": time.perf_counter(),
            "frames": float(self.frames_out),
            "latency": self.latency.total_s,
            "send": self.send.total_s,
            "shown": float(self.send.count),
            "not shown": float(self.not_shown),
        }
        for name, times in self.stages.items():
            totals["stage " + name] = times.total_s
            totals["times " + name] = float(times.count)
        return totals


def console_line(interval: Interval, debug: bool = False) -> str:
    """The line of figures that old users know, with what each means today.

    FPS      frames finished per second of the interval
    Frames, Seconds   of the interval
    total    mean latency; cap: read + prepare; gpu: accelerator; cpu; lost: waiting between stages
    send     mean time to hand a picture to the window
    VFPS, VFrames, VDrops   pictures shown per second, shown, and not shown because it was busy
    """
    seconds = max(interval.seconds, 1e-9)
    spans_s = interval.spans_s
    captured_s = spans_s.get(READ, 0.0) + spans_s.get("prepare", 0.0)
    line = (
        "FPS:{:.1f}  Frames:{} Seconds: {:.5f}   | 1FRAME total: {:.5f}   cap: {:.5f}   gpu: {:.5f}   "
        "cpu: {:.5f}   lost: {:.5f}   send: {:.5f}   | VFPS:{:.1f}  VFrames:{} VDrops: {}"
    ).format(
        interval.frames / seconds,
        interval.frames,
        interval.seconds,
        interval.total_s,
        captured_s,
        spans_s.get("accelerator", 0.0),
        spans_s.get("cpu", 0.0),
        interval.lost_s,
        interval.send_s,
        interval.shown / seconds,
        interval.shown,
        interval.not_shown,
    )
    if debug:
        line += "   | " + "   ".join("{}: {:.5f}".format(*span) for span in sorted(spans_s.items()))
    return line


def stage_table(rows: List[Tuple[str, Dict[str, Any]]]) -> str:
    """Summaries side by side: one line for each named run."""
    stages = list(dict.fromkeys(name for _, run in rows for name in run["stages_ms"]))
    head = ["", "FPS", "p50 ms", "p95 ms", *[f"{name} ms" for name in stages], "frames in = out"]
    table = [head]
    for name, run in rows:
        latency = run["latency_ms"]
        equal = "=" if run["frames_in"] == run["frames_out"] else "!="
        table.append(
            [
                name,
                "{:.1f}".format(run["fps"]),
                "{:.1f}".format(latency["p50"]),
                "{:.1f}".format(latency["p95"]),
                *[
                    "{:.2f}".format(run["stages_ms"][stage]["mean"])
                    if stage in run["stages_ms"]
                    else "-"
                    for stage in stages
                ],
                "{} {} {}".format(run["frames_in"], equal, run["frames_out"]),
            ]
        )
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in table
    )
