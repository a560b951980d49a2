"""Counters and clocks of a run, with a clock that the tests turn."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
import pytest

from splitdet.pipeline import meter
from splitdet.pipeline.meter import Histogram, Interval, Meter, console_line, stage_table
from splitdet.types import Batch, Frame


class Clock:
    """`time.perf_counter` as the tests say."""

    now_s = 100.0

    def perf_counter(self) -> float:
        """The time that was set."""
        return self.now_s


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(meter, "time", clock)
    return clock


def _batch(captured_s: float, read_s: float = 0.0, frames: int = 1, **spans_s: Any) -> Batch:
    image = np.zeros((2, 2, 3), np.uint8)
    made = [Frame(image, index, "a", 0.0, captured_s, read_s) for index in range(frames)]
    return Batch(made, spans_s=spans_s)


def _histogram(times_s: Any) -> Histogram:
    histogram = Histogram()
    for time_s in times_s:
        histogram.add(float(time_s))
    return histogram


RANDOM = np.random.RandomState(0)
TIMES_S = {
    "even": RANDOM.uniform(0.001, 0.1, 20000),
    "skewed": RANDOM.lognormal(-5, 1, 20000),
    "tiny": RANDOM.uniform(2e-6, 5e-5, 20000),
    "two kinds": np.repeat([0.002, 0.5], [18000, 2000]),
    "one": np.array([0.0123]),
}


@pytest.mark.parametrize("percent", [25, 50, 89, 95, 99, 100])
@pytest.mark.parametrize("shape", sorted(TIMES_S))
def test_a_percentile_is_that_of_numpy_within_a_bin(shape: str, percent: float) -> None:
    wanted = float(np.percentile(TIMES_S[shape], percent))
    assert _histogram(TIMES_S[shape]).percentile_s(percent) == pytest.approx(wanted, rel=0.012)


def test_the_mean_and_the_greatest_time_are_exact() -> None:
    histogram = _histogram([0.001, 0.002, 0.006])
    assert (histogram.count, histogram.mean_s, histogram.max_s) == (3, pytest.approx(0.003), 0.006)


def test_without_any_time_all_figures_are_zero() -> None:
    assert Histogram().as_ms() == {"mean": 0, "p50": 0, "p95": 0, "p99": 0, "max": 0}


def test_a_time_of_zero_is_counted() -> None:
    assert _histogram([0.0, 0.0]).as_ms()["max"] == 0


def test_figures_are_given_in_milliseconds() -> None:
    figures = _histogram([0.25]).as_ms()
    assert figures["mean"] == figures["max"] == 250
    assert figures["p50"] == pytest.approx(250, rel=0.012)


def test_latency_runs_from_capture_to_result(clock: Clock) -> None:
    run = Meter(5.0)
    clock.now_s = 100.5
    run.batch_done(_batch(captured_s=100.25))
    assert run.latency.mean_s == 0.25


def test_the_rate_counts_from_the_begin_of_the_first_read(clock: Clock) -> None:
    run = Meter(5.0)
    for step in range(1, 5):
        clock.now_s = 100.0 + step
        run.batch_done(_batch(captured_s=99.5 + step, read_s=0.5))
    assert (run.frames_out, run.elapsed_s, run.fps) == (4, 4.0, 1.0)


def test_a_batch_counts_each_of_its_frames(clock: Clock) -> None:
    run = Meter(5.0)
    clock.now_s = 102.0
    run.batch_done(_batch(captured_s=100.0, frames=8))
    assert (run.frames_out, run.latency.count, run.fps) == (8, 8, 4.0)


def test_the_current_rate_forgets_what_lies_before_its_window(clock: Clock) -> None:
    run = Meter(window_s=2.0)
    for step in range(1, 101):  # ten a second, then twenty
        clock.now_s += 0.1 if step <= 40 else 0.05
        run.batch_done(_batch(captured_s=clock.now_s))
    assert run.current_fps == pytest.approx(20, rel=0.02)


def test_before_the_first_frame_there_is_no_rate() -> None:
    run = Meter(5.0)
    assert (run.fps, run.current_fps, run.elapsed_s) == (0.0, 0.0, 0.0)


def test_an_interval_holds_only_what_came_since_the_last(clock: Clock) -> None:
    run = Meter(5.0)
    clock.now_s = 101.0
    run.batch_done(_batch(100.0, read_s=0.5, cpu=(100.0, 100.25)))
    run.interval()
    clock.now_s = 103.0
    run.batch_done(_batch(101.0, read_s=0.25, cpu=(101.0, 101.75)))
    run.shown(0.125)
    run.not_shown += 2
    assert run.interval() == Interval(
        seconds=2.0,
        frames=1,
        total_s=2.0,
        spans_s={"read": 0.25, "cpu": 0.75},
        send_s=0.125,
        shown=1,
        not_shown=2,
    )


def test_an_interval_without_frames_has_zeros(clock: Clock) -> None:
    run = Meter(5.0)
    clock.now_s += 1
    assert run.interval() == Interval(1.0, 0, 0.0, {}, 0.0, 0, 0)


def test_lost_time_is_latency_less_the_stages_but_not_the_read() -> None:
    interval = Interval(1.0, 1, 1.0, {"read": 9.0, "prepare": 0.25, "cpu": 0.5}, 0.0, 0, 0)
    assert interval.lost_s == 0.25


def test_the_summary_names_every_stage(clock: Clock) -> None:
    run = Meter(5.0)
    clock.now_s = 102.0
    run.batch_done(_batch(100.0, accelerator=(100.0, 101.0), cpu=(101.0, 101.5)))
    summary = run.summary()
    assert (summary["fps"], summary["frames_out"], summary["elapsed_s"]) == (0.5, 1, 2.0)
    means = {name: figures["mean"] for name, figures in summary["stages_ms"].items()}
    assert means == {"read": 0, "accelerator": 1000, "cpu": 500}


SPANS = {"read": 0.01, "prepare": 0.02, "accelerator": 0.03, "cpu": 0.04}
INTERVAL = Interval(2.0, 30, 0.1, SPANS, 0.005, 20, 10)


def test_the_console_line_has_the_figures_that_old_users_know() -> None:
    assert console_line(INTERVAL) == (
        "FPS:15.0  Frames:30 Seconds: 2.00000   | 1FRAME total: 0.10000   cap: 0.03000   "
        "gpu: 0.03000   cpu: 0.04000   lost: 0.01000   send: 0.00500   "
        "| VFPS:10.0  VFrames:20 VDrops: 10"
    )


def test_the_console_line_for_debugging_names_every_stage() -> None:
    more = console_line(INTERVAL, debug=True)[len(console_line(INTERVAL)) :]
    wanted = "| accelerator: 0.03000   cpu: 0.04000   prepare: 0.02000   read: 0.01000"
    assert more.strip() == wanted


def _run(frames_in: int, **means: float) -> Dict[str, Any]:
    return {
        "fps": 12.34,
        "latency_ms": {"p50": 5.0, "p95": 7.5},
        "stages_ms": {name: {"mean": mean} for name, mean in means.items()},
        "frames_in": frames_in,
        "frames_out": 9,
    }


def test_a_table_has_a_column_for_every_stage_of_any_run() -> None:
    table = stage_table([("split", _run(9, gpu=1.0, cpu=2.0)), ("whole", _run(10, gpu=3.0))])
    assert [line.split() for line in table.splitlines()[1:]] == [
        ["split", "12.3", "5.0", "7.5", "1.00", "2.00", "9", "=", "9"],
        ["whole", "12.3", "5.0", "7.5", "3.00", "-", "10", "!=", "9"],
    ]
