"""Counters and clocks of a run, with a clock that the tests turn."""

from __future__ import annotations

import threading
from typing import Any, Dict

import numpy as np
import pytest

from fakes import Clock
from splitdet.pipeline import meter
from splitdet.pipeline.meter import Interval, Meter, console_line, stage_table
from splitdet.pipeline.queues import Inlet
from splitdet.types import Batch, Frame


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(meter, "time", clock)
    return clock


def _batch(captured_s: float, read_s: float = 0.0, frames: int = 1, **spans_s: Any) -> Batch:
    image = np.zeros((2, 2, 3), np.uint8)
    made = [Frame(image, index, "a", 0.0, captured_s, read_s) for index in range(frames)]
    return Batch(made, spans_s=spans_s)


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


def test_the_first_interval_begins_when_frames_may_come(clock: Clock) -> None:
    run = Meter(5.0)
    clock.now_s = 110.0  # a model was loaded
    run.watch(Inlet(lossless=True, capacity=2))
    clock.now_s = 112.0
    run.batch_done(_batch(captured_s=111.0, frames=8))
    assert run.interval()[:2] == (2.0, 8)


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


def test_recent_figures_are_those_of_the_window(clock: Clock) -> None:
    run = Meter(window_s=2.0)
    for step in range(1, 101):  # slow, then fast
        slow = step <= 50
        clock.now_s += 0.1 if slow else 0.05
        latency_s = 0.5 if slow else 0.25
        span = (clock.now_s - latency_s, clock.now_s)
        run.batch_done(_batch(clock.now_s - latency_s, cpu=span))
    recent = run.recent()
    assert recent.seconds == pytest.approx(2.0, abs=0.2)
    assert recent.frames / recent.seconds == pytest.approx(20)
    assert (recent.total_s, recent.spans_s["cpu"]) == (pytest.approx(0.25), pytest.approx(0.25))


def test_recent_figures_fall_when_no_frame_comes(clock: Clock) -> None:
    run = Meter(window_s=2.0)
    for _ in range(100):
        clock.now_s += 0.05
        run.batch_done(_batch(clock.now_s))
    clock.now_s += 10.0
    assert run.recent().frames <= 2
    assert run.recent().seconds >= 10.0
    assert run.current_fps == pytest.approx(20)


def test_recent_figures_do_not_touch_those_of_an_interval(clock: Clock) -> None:
    run = Meter(5.0)
    clock.now_s = 101.0
    run.batch_done(_batch(100.5))
    assert run.recent().frames == 1
    assert run.interval().frames == 1
    assert (run.interval().frames, run.recent().frames) == (0, 1)


def test_without_any_frame_recent_figures_are_zero() -> None:
    assert Meter(5.0).recent() == Interval(0.0, 0, 0.0, {}, 0.0, 0, 0)


def test_what_came_in_and_was_dropped_is_that_of_the_inlet() -> None:
    run = Meter(5.0)
    assert (run.frames_in, run.dropped) == (0, {Inlet.SUPERSEDED: 0})
    inlet = Inlet(lossless=False, capacity=1)
    run.watch(inlet)
    for frame in _batch(0.0, frames=3).frames:
        inlet.put(frame)
    assert (run.frames_in, run.dropped) == (3, {Inlet.SUPERSEDED: 2})


def test_figures_can_be_read_while_others_are_noted() -> None:
    run = Meter(window_s=0.01)
    ends = threading.Event()
    failed = []

    def read() -> None:
        try:
            while not ends.is_set():
                run.recent(), run.summary(), run.times(), run.current_fps
        except RuntimeError as error:  # a dictionary changed its size while it was being read
            failed.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(3000):  # ever new bins, and now and then a new stage
        run.batch_done(_batch(-(1.01**number), **{f"stage {number // 100}": (0.0, 1.01**-number)}))
    ends.set()
    reader.join()
    assert failed == []


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


def test_frames_of_the_warm_up_count_nowhere(clock: Clock) -> None:
    run = Meter(5.0, warm_up_s=2.0)
    for step in range(1, 9):  # one a second; those captured at 100.5 and 101.5 are of the warm-up
        clock.now_s = 100.0 + step
        run.batch_done(_batch(captured_s=99.5 + step))
    assert (run.frames_out, run.latency.count) == (6, 6)
    assert (run.elapsed_s, run.fps) == (6.0, 1.0)


def test_without_a_warm_up_a_frame_that_is_older_than_the_first_counts(clock: Clock) -> None:
    run = Meter(5.0)
    for captured_s in (100.2, 100.1):  # of two inputs
        clock.now_s = 101.0
        run.batch_done(_batch(captured_s))
    assert run.frames_out == 2
