"""No frame is lost, doubled or out of order, however fast or slow the stages are."""

from __future__ import annotations

import math
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional

import numpy as np
import pytest

from fakes import FakeDetector, FakeSource, Work, fault, pipeline_threads, run_stages, takes
from splitdet.assemble import assemble, stream
from splitdet.config import make_config
from splitdet.errors import ConfigError, StageError, StallError
from splitdet.pipeline.meter import Meter
from splitdet.pipeline.pipeline import Pipeline
from splitdet.sources.painted import PAINTED_PX, age_s, paint_clock
from splitdet.types import Batch, Frame


def slow(
    prepare_ms: float, accelerator_ms: float, cpu_ms: float, jitter: float = 0.0
) -> Dict[str, Work]:
    times = {"prepare": prepare_ms, "accelerator": accelerator_ms, "cpu": cpu_ms}
    return {name: takes(time_ms, jitter, seed) for seed, (name, time_ms) in enumerate(times.items())}


@pytest.mark.parametrize("feeders", [1, 3])
@pytest.mark.parametrize(
    "steps",
    [slow(1, 10, 1), slow(10, 1, 1), slow(1, 1, 10), slow(3, 3, 3, jitter=1.0)],
    ids=["1-10-1", "10-1-1", "1-1-10", "jitter"],
)
def test_a_lossless_run_gives_every_frame_in_order(steps: Dict[str, Work], feeders: int) -> None:
    found = run_stages(300, steps, accelerator_feeders=feeders, cpu_feeders=feeders)
    assert found == list(range(300))


@pytest.mark.parametrize("in_flight", [1, 2, 16])
def test_any_number_of_batches_in_flight_gives_every_frame_in_order(in_flight: int) -> None:
    assert run_stages(50, slow(1, 1, 1, jitter=1.0), in_flight=in_flight) == list(range(50))


@pytest.mark.parametrize("batch_size", [2, 7])
def test_batches_of_frames_come_out_frame_by_frame_in_order(batch_size: int) -> None:
    found = run_stages(100, slow(0, 5, 0), batch_size=batch_size, accelerator_feeders=2)
    assert found == list(range(100))


@pytest.mark.parametrize("limit", [1, 2, 49, 50, 51])
def test_max_frames_is_exact(limit: int) -> None:
    assert run_stages(50, {}, max_frames=limit, accelerator_feeders=3) == list(range(min(50, limit)))


def live_run(
    count: int, rate: float, work_ms: float, **options: int
) -> tuple[List[int], Dict[str, int], int]:
    """Indices that came out, drops by reason, and frames captured."""
    detector = FakeDetector({"accelerator": takes(work_ms)}, make_config(**options))
    with assemble(FakeSource(count, rate=rate), detector) as pipeline:
        found = [frame.index for batch in pipeline for frame in batch.frames]
    return found, pipeline.dropped, pipeline.inlet.captured


def test_a_camera_slower_than_the_model_has_each_frame_inferred_once() -> None:
    found, dropped, captured = live_run(60, rate=30, work_ms=4)
    assert found == sorted(set(found))
    assert captured == 60 == len(found) + sum(dropped.values())


def test_a_camera_faster_than_the_model_drops_old_frames_and_counts_them() -> None:
    found, dropped, captured = live_run(100, rate=500, work_ms=20, accelerator_feeders=1)
    assert found == sorted(set(found))
    assert dropped["superseded by a newer frame"] > 0
    assert captured == 100 == len(found) + sum(dropped.values())


def test_frames_left_over_by_max_frames_are_counted_for_a_camera() -> None:
    found, dropped, captured = live_run(100, rate=500, work_ms=1, max_frames=10)
    assert len(found) == 10
    assert captured == len(found) + sum(dropped.values())


@pytest.mark.parametrize("stage", ["prepare", "accelerator", "cpu"])
def test_an_error_in_a_stage_reaches_whoever_iterates(stage: str) -> None:
    with pytest.raises(
        StageError, match=f"the {stage} stage failed on Frame.*index=7.*broken on purpose"
    ):
        run_stages(20, {stage: fault("raise", 7)})
    assert pipeline_threads() == []


def test_an_error_in_the_source_reaches_whoever_iterates() -> None:
    source = FakeSource(20, work=fault("raise", 7))
    with assemble(source, FakeDetector()) as pipeline, pytest.raises(
        StageError, match="the source stage failed on fake"
    ):
        list(pipeline)
    assert source.closed.is_set()


def test_a_stall_reaches_whoever_iterates() -> None:
    release = threading.Event()

    def stuck(index: int) -> None:
        if index == 3:
            release.wait()

    detector = FakeDetector({"cpu": stuck}, make_config(stall_timeout_s=1.0))
    pipeline = assemble(FakeSource(20), detector)
    with pipeline, pytest.raises(StallError, match="the cpu stage has not answered"):
        list(pipeline)
    assert pipeline.close() == ["cpu"]
    release.set()
    assert pipeline.close() == []


def test_leaving_the_loop_early_stops_every_thread_and_closes_the_source() -> None:
    source = FakeSource(1000)
    with assemble(source, FakeDetector()) as pipeline:
        for batch in pipeline:
            if batch.frames[0].index == 5:
                break
    assert pipeline_threads() == []
    assert source.closed.is_set()
    assert pipeline.inlet.captured == pipeline.finished + sum(pipeline.dropped.values())


def test_the_pixels_that_a_stage_sees_cannot_be_written_to() -> None:
    with assemble(FakeSource(1), FakeDetector()) as pipeline:
        (batch,) = list(pipeline)
    with pytest.raises(ValueError, match="read-only"):
        batch.frames[0].image[0, 0, 0] = 1


STALL_S = 1.0


class Waiting(FakeSource):
    """Gives its second frame once the watchdog has looked, past the time that a stage may take.

    Args:
        due_in_s: what it says before that.
    """

    def __init__(self, due_in_s: float) -> None:
        super().__init__(3, work=lambda index: index != 1 or self._looked.wait(20))  # type: ignore[arg-type, return-value]
        self._due_in_s = due_in_s
        self._looked = threading.Event()

    @property
    def due_s(self) -> float:
        """See `Source.due_s`."""
        if self._index == 1 and time.perf_counter() > self._began_s + 1.5 * STALL_S:
            self._looked.set()
        return self._began_s + self._due_in_s if self._index == 1 else 0.0


@pytest.mark.parametrize("due_in_s", [math.inf, 3600.0])
def test_a_source_that_waits_for_a_frame_that_is_not_due_is_no_stall(due_in_s: float) -> None:
    detector = FakeDetector(config=make_config(stall_timeout_s=STALL_S))
    with assemble(Waiting(due_in_s), detector) as pipeline:
        assert [frame.index for batch in pipeline for frame in batch.frames] == [0, 1, 2]


def test_a_source_whose_frame_is_overdue_is_a_stall() -> None:
    detector = FakeDetector(config=make_config(stall_timeout_s=0.2))
    pipeline = assemble(Waiting(0.1), detector)
    with pytest.raises(StallError, match="the source stage has not answered"), pipeline:
        list(pipeline)


def test_a_source_that_waits_is_interrupted_when_the_run_stops() -> None:
    source = FakeSource(10)
    interrupted = threading.Event()
    source.interrupt = interrupted.set  # type: ignore[method-assign]

    def wait(index: int) -> None:
        if index == 5:
            interrupted.wait()

    source._work = wait
    with assemble(source, FakeDetector()) as pipeline:
        next(iter(pipeline))
    assert pipeline.close() == []


@pytest.mark.parametrize(("split", "most"), [(True, 2), (False, 1)])
def test_low_latency_keeps_one_frame_in_each_half(split: bool, most: int) -> None:
    lock = threading.Lock()
    under_way = [0, 0]  # now, and at most

    def begin(index: int) -> None:
        with lock:
            under_way[0] += 1
            under_way[1] = max(under_way)

    steps = {"prepare": begin, "accelerator": takes(3), "cpu": takes(3)}
    detector = FakeDetector(steps, make_config(latency="low", accelerator_feeders=4, cpu_feeders=4))
    detector.split = split
    with assemble(FakeSource(40), detector) as pipeline:
        indices = []
        for batch in pipeline:
            with lock:
                under_way[0] -= len(batch.frames)
            indices += [frame.index for frame in batch.frames]
    assert indices == list(range(40))
    # a batch that is handed over makes room for the next before this thread has counted it
    assert under_way[1] <= most + 1


def test_the_latency_that_is_printed_is_that_of_a_clock_painted_into_the_picture() -> None:
    ages: List[float] = []
    meter = Meter(window_s=5.0)

    class Clocks(FakeSource):
        """Each frame has the time at which it was made."""

        def read(self) -> Optional[Frame]:
            frame = super().read()
            if frame is None:
                return None
            image = np.zeros((*PAINTED_PX, 3), np.uint8)
            paint_clock(image)
            return self._frame(image, "clock", None, frame.captured_s)

    with assemble(Clocks(30), FakeDetector({"accelerator": takes(10)})) as pipeline:
        for batch in pipeline:
            meter.batch_done(batch)
            for frame in batch.frames:
                age = age_s(frame.image)
                assert age is not None
                ages.append(age)
    # bins of the meter are 1.2 % wide; a thread may be held up between the two readings of the clock
    assert np.median(ages) == pytest.approx(meter.latency.percentile_s(50), rel=0.1, abs=0.01)


def test_with_low_latency_a_frame_is_taken_only_when_the_network_is_free() -> None:
    busy = threading.Event()
    entered_early: List[int] = []

    def compute(index: int) -> None:
        busy.set()
        takes(5)(index)
        busy.clear()

    def enter(index: int) -> None:
        if busy.is_set():
            entered_early.append(index)

    steps = {"prepare": enter, "accelerator": compute, "cpu": takes(1)}
    detector = FakeDetector(steps, make_config(latency="low"))
    with assemble(FakeSource(60, rate=1000.0), detector) as pipeline:
        found = [frame.index for batch in pipeline for frame in batch.frames]
    assert found == sorted(set(found))
    assert entered_early == []


def waited_run(count: int, done: Callable[[Batch], None], feeders: int = 1) -> Pipeline:
    """A pipeline that hands its batches to `done`, not started yet."""
    steps = slow(1, 1, 1, jitter=1.0)
    detector = FakeDetector(steps, make_config(accelerator_feeders=feeders, cpu_feeders=feeders))
    return assemble(FakeSource(count), detector, lambda batch: None, done=done)


def wait_for_all(pipeline: Pipeline) -> None:
    while not pipeline.wait():
        pass


def come_to_rest(pipeline: Pipeline) -> None:
    """Wait until nothing comes in any more."""
    captured = -1
    while pipeline.inlet.captured != captured:
        captured = pipeline.inlet.captured
        time.sleep(0.1)


def test_done_gets_every_batch_in_order_and_wait_tells_when_it_has() -> None:
    found: List[int] = []
    with waited_run(100, lambda batch: found.append(batch.frames[0].index), feeders=3) as pipeline:
        wait_for_all(pipeline)
        assert found == list(range(100))
        assert pipeline.finished == 100


def test_done_gets_the_times_of_every_stage() -> None:
    stages: List[List[str]] = []
    with waited_run(1, lambda batch: stages.append(list(batch.spans_s))) as pipeline:
        wait_for_all(pipeline)
    assert stages == [["prepare", "accelerator", "cpu", "output"]]


def test_what_done_raises_is_raised_by_wait_as_it_is() -> None:
    def leave(batch: Batch) -> None:
        raise BrokenPipeError

    with waited_run(100, leave) as pipeline, pytest.raises(BrokenPipeError):
        wait_for_all(pipeline)


def test_wait_returns_after_its_time_and_when_woken() -> None:
    pipeline = waited_run(10, lambda batch: None)
    pipeline.hold(True)
    with pipeline:
        assert not pipeline.wait(0.01)
        pipeline.wake()
        assert not pipeline.wait()


def test_what_is_held_back_goes_on_where_it_stopped() -> None:
    found: List[int] = []
    pipeline = waited_run(30, lambda batch: found.append(batch.frames[0].index))
    pipeline.hold(True)
    with pipeline:
        come_to_rest(pipeline)
        assert not found
        pipeline.hold(False)
        wait_for_all(pipeline)
    assert found == list(range(30))


def test_a_run_that_is_held_back_can_be_stopped() -> None:
    pipeline = waited_run(30, lambda batch: None)
    pipeline.hold(True)
    with pipeline:
        come_to_rest(pipeline)
    assert not pipeline.close()
    assert pipeline.finished == 0


def test_a_stream_that_cannot_be_made_closes_its_source(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "edgefirst.tracker", None)
    source = FakeSource(3)
    with pytest.raises(ConfigError, match="track needs"):
        next(stream(source, tiny_model, track=True))
    assert source.closed.is_set()
