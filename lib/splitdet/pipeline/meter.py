"""Counters and clocks of a run. Every figure that is printed is defined here, once.

All times are differences of `time.perf_counter()`.

    frames_in     frames that the source gave
    frames_out    frames whose results were handed on, in order
    dropped       frames_in - frames_out, by reason
    fps           frames_out per second from the capture of the first frame to the last result;
                  no frame goes through the model twice, so these are distinct frames.
                  After a warm-up: from the last result of that one, whose frames count nowhere
    latency       a frame's way from captured to its result handed on
    read          waiting for the source, reading and decoding
    prepare       colour order and stacking, ready for the graph
    accelerator   the network, or the whole graph when it is not split
    cpu           the NMS, and reading the results
    track         numbering what was seen before
    output        drawing and writing
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Tuple

from splitdet.pipeline.histogram import Histogram
from splitdet.pipeline.queues import Inlet
from splitdet.types import Batch, Frame

READ = "read"
_STAGE, _TIMES = "stage ", "times "


class Interval(NamedTuple):
    """Figures of a stretch of time."""

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
    """Takes note of every finished batch. `batch_done` belongs to one thread, `interval` and `shown` to
    another; the rest is safe from any thread.

    Args:
        window_s: seconds that `current_fps` and `recent` look back.
        warm_up_s: seconds since the first capture; frames captured in them are left out.
    """

    def __init__(self, window_s: float, warm_up_s: float = 0.0) -> None:
        self._window_s = window_s
        self._warm_up_s = warm_up_s
        self._warm_from_s: Optional[float] = None
        self._last_cold_s: Optional[float] = None  # when the last frame of the warm-up was done
        self._lock = threading.Lock()
        self.frames_out = 0
        self.latency = Histogram()
        self.stages: Dict[str, Histogram] = {}
        self.send = Histogram()
        self.not_shown = 0
        self._inlet: Optional[Inlet] = None
        self._first_s: Optional[float] = None
        self._last_s = 0.0
        self._marks: Deque[Dict[str, float]] = deque()  # totals, a few per second
        self._interval_start = self._totals()

    def watch(self, inlet: Inlet) -> None:
        """Take the frames that come in, and those that are dropped, from `inlet`, from now on."""
        self._inlet = inlet
        self._interval_start = self._totals()

    @property
    def dropped(self) -> Dict[str, int]:
        """Frames dropped until now, by each reason that there is while a run goes on."""
        return {Inlet.SUPERSEDED: self._inlet.superseded if self._inlet else 0}

    @property
    def frames_in(self) -> int:
        """As defined above."""
        return self._inlet.captured if self._inlet else 0

    def batch_done(self, batch: Batch) -> None:
        """Take note of a batch whose results have been handed on."""
        now_s = time.perf_counter()
        first = batch.frames[0]
        with self._lock:
            if self._is_warm_up(first, now_s):
                return
            if self._first_s is None:
                self._first_s = self._last_cold_s or first.captured_s - first.read_s
                self._marks.append({**self._totals(), "time": self._first_s})
            for frame in batch.frames:
                self.latency.add(now_s - frame.captured_s)
                self._stage(READ).add(frame.read_s)
            for name, (begin_s, end_s) in batch.spans_s.items():
                self._stage(name).add(end_s - begin_s)
            self._last_s = now_s
            self.frames_out += len(batch.frames)
            if now_s - self._marks[-1]["time"] >= self._window_s / 20:
                self._marks.append(self._totals())
            while len(self._marks) > 2 and now_s - self._marks[1]["time"] > self._window_s:
                self._marks.popleft()

    def _is_warm_up(self, first: Frame, now_s: float) -> bool:
        """Whether a batch that begins with `first` is left out."""
        if not self._warm_up_s:
            return False  # of several inputs, a frame may be older than the one that came first
        if self._warm_from_s is None:
            self._warm_from_s = first.captured_s + self._warm_up_s
        if first.captured_s >= self._warm_from_s:
            return False
        self._last_cold_s = now_s
        return True

    def shown(self, send_s: float) -> None:
        """Take note of a picture that was shown, and how long that took."""
        with self._lock:
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
        """As `fps`, over the last `window_s`."""
        with self._lock:
            if not self._marks:
                return 0.0
            then = self._marks[0]
            return (self.frames_out - then["frames"]) / max(1e-9, self._last_s - then["time"])

    def interval(self) -> Interval:
        """Figures since the last call."""
        with self._lock:
            before, self._interval_start = self._interval_start, self._totals()
            return _between(before, self._interval_start)

    def recent(self) -> Interval:
        """Figures of the last `window_s`, and of as much before as lies between two marks."""
        with self._lock:
            now = self._totals()
            old = [mark for mark in self._marks if now["time"] - mark["time"] >= self._window_s]
            return _between(old[-1] if old else self._marks[0] if self._marks else now, now)

    def times(self) -> Tuple[Histogram, Dict[str, Histogram]]:
        """Latency, and the time in `read` and in each stage, of the whole run: copies."""
        with self._lock:
            stages = {name: times.copy() for name, times in self.stages.items()}
            return self.latency.copy(), stages

    def summary(self) -> Dict[str, Any]:
        """The figures of the whole run."""
        latency, stages = self.times()
        return {
            "fps": round(self.fps, 3),
            "frames_out": self.frames_out,
            "elapsed_s": round(self.elapsed_s, 4),
            "shown": self.send.count,
            "not_shown": self.not_shown,
            "latency_ms": latency.as_ms(),
            "stages_ms": {name: times.as_ms() for name, times in stages.items()},
        }

    def _stage(self, name: str) -> Histogram:
        return self.stages.setdefault(name, Histogram())

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
            totals[_STAGE + name] = times.total_s
            totals[_TIMES + name] = float(times.count)
        return totals


def _between(before: Dict[str, float], now: Dict[str, float]) -> Interval:
    """Figures of the time between two totals."""

    def more(name: str) -> float:
        return now[name] - before.get(name, 0.0)

    def mean(name: str, count: int) -> float:
        return more(name) / count if count else 0.0

    frames, shown = int(more("frames")), int(more("shown"))
    stages = [name[len(_STAGE) :] for name in now if name.startswith(_STAGE)]
    return Interval(
        seconds=more("time"),
        frames=frames,
        total_s=mean("latency", frames),
        spans_s={name: mean(_STAGE + name, int(more(_TIMES + name))) for name in stages},
        send_s=mean("send", shown),
        shown=shown,
        not_shown=int(more("not shown")),
    )


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
