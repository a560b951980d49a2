"""What lies between the threads of a pipeline."""

from __future__ import annotations

import dataclasses
import threading
import time
from dataclasses import replace
from typing import Any, Callable, List, Tuple

import numpy as np
import pytest

from splitdet.pipeline.queues import Aborted, Channel, Finished, Inlet, Permits
from splitdet.types import Frame

PATIENCE_S = 20.0  # a thread that takes longer hangs


def _frame(index: int, width: int = 2) -> Frame:
    return Frame(np.zeros((2, width, 3), np.uint8), index, "a", 0.0, 0.0)


def _inlet(lossless: bool, frames: int, capacity: int = 10, limit: int = 0) -> Inlet:
    inlet = Inlet(lossless, capacity, limit)
    for index in range(frames):
        inlet.put(_frame(index))
    return inlet


def _indices(taken: Tuple[int, List[Frame]]) -> List[int]:
    return [frame.index for frame in taken[1]]


def _start(work: Callable[[], Any]) -> Callable[[], List[Any]]:
    """Begin `work` on a thread; the answer waits for it and gives its result or its error."""
    outcome: List[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except (Aborted, Finished) as error:
            outcome.append(type(error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def wait() -> List[Any]:
        thread.join(PATIENCE_S)
        return outcome

    return wait


def test_an_ordered_channel_gives_items_by_number() -> None:
    channel: Channel[str] = Channel(in_order=True)
    for number in (2, 0, 1):
        channel.put(number, f"item {number}")
    assert [channel.get() for _ in range(3)] == [(0, "item 0"), (1, "item 1"), (2, "item 2")]


def test_an_ordered_channel_waits_for_the_next_number() -> None:
    channel: Channel[str] = Channel(in_order=True)
    channel.put(1, "late")
    wait = _start(lambda: [channel.get(), channel.get()])
    channel.put(0, "early")
    assert wait() == [[(0, "early"), (1, "late")]]


def test_a_free_channel_gives_the_lowest_number_that_is_there() -> None:
    channel: Channel[str] = Channel(in_order=False)
    channel.put(5, "five")
    channel.put(3, "three")
    assert [channel.get(), channel.get()] == [(3, "three"), (5, "five")]


def test_items_of_a_channel_are_never_compared() -> None:
    channel: Channel[object] = Channel(in_order=True)
    items = [object(), object(), object()]
    for number in (1, 2, 0):
        channel.put(number, items[number])
    assert [channel.get()[1] for _ in items] == items


def test_a_finished_channel_says_how_many_items_there_were() -> None:
    channel: Channel[str] = Channel(in_order=True)
    channel.put(0, "only")
    channel.finish(1)
    channel.get()
    with pytest.raises(Finished) as caught:
        channel.get()
    assert caught.value.total == 1


def test_a_finished_channel_gives_what_is_left_first() -> None:
    channel: Channel[str] = Channel(in_order=True)
    channel.finish(1)
    channel.put(0, "only")
    assert channel.get() == (0, "only")


@pytest.mark.parametrize("end", ["finish", "abort"])
@pytest.mark.parametrize("in_order", [True, False])
def test_the_end_wakes_everyone_who_waits_for_an_item(end: str, in_order: bool) -> None:
    channel: Channel[str] = Channel(in_order)
    waiting = [_start(channel.get) for _ in range(3)]
    channel.finish(0) if end == "finish" else channel.abort()
    assert [wait() for wait in waiting] == 3 * [[Finished if end == "finish" else Aborted]]


def test_an_aborted_channel_keeps_what_it_has() -> None:
    channel: Channel[str] = Channel(in_order=True)
    channel.put(0, "item")
    channel.abort()
    with pytest.raises(Aborted):
        channel.get()


def test_each_item_goes_to_one_thread_only() -> None:
    channel: Channel[int] = Channel(in_order=False)
    takers = [_start(lambda: [channel.get()[0] for _ in range(50)]) for _ in range(4)]
    for number in range(200):
        channel.put(number, number)
    taken = [number for wait in takers for number in wait()[0]]
    assert sorted(taken) == list(range(200))


def test_no_more_permits_are_given_than_there_are() -> None:
    permits, given = Permits(2), threading.Semaphore(0)
    counted: List[int] = []

    def work() -> None:
        for number in range(3):
            permits.take()
            counted.append(number)
            given.release()

    wait = _start(work)
    assert given.acquire(timeout=PATIENCE_S)
    assert given.acquire(timeout=PATIENCE_S)
    permits.abort()
    assert (wait(), counted) == ([Aborted], [0, 1])


def test_a_permit_that_is_given_back_is_given_again() -> None:
    permits = Permits(1)
    permits.take()
    wait = _start(permits.take)
    permits.give_back()
    assert wait() == [None]


def test_abort_wakes_everyone_who_waits_for_a_permit() -> None:
    permits = Permits(0)
    waiting = [_start(permits.take) for _ in range(3)]
    permits.abort()
    assert [wait() for wait in waiting] == 3 * [[Aborted]]


def test_a_lossless_inlet_gives_every_frame_in_order() -> None:
    inlet = Inlet(lossless=True, capacity=1)
    wait = _start(lambda: [inlet.put(_frame(index)) for index in range(50)])
    taken = [_indices(inlet.take(1)) for _ in range(50)]
    wait()
    assert taken == [[index] for index in range(50)]
    assert (inlet.captured, inlet.taken, inlet.superseded) == (50, 50, 0)


def test_a_full_lossless_inlet_makes_its_source_wait() -> None:
    inlet = _inlet(lossless=True, frames=2, capacity=2)
    wait = _start(lambda: inlet.put(_frame(2)))
    assert (inlet.waiting, inlet.captured) == (2, 2)
    inlet.take(1)
    wait()
    assert (inlet.waiting, inlet.captured) == (2, 3)


def test_the_latest_frame_takes_the_place_of_an_older_one() -> None:
    inlet = _inlet(lossless=False, frames=4, capacity=1)
    assert _indices(inlet.take(10)) == [3]
    assert (inlet.captured, inlet.taken, inlet.superseded, inlet.waiting) == (4, 1, 3, 0)


def test_the_latest_frames_that_fill_a_batch_are_kept() -> None:
    inlet = _inlet(lossless=False, frames=7, capacity=3)
    assert _indices(inlet.take(3)) == [4, 5, 6]
    assert (inlet.captured, inlet.taken, inlet.superseded, inlet.waiting) == (7, 3, 4, 0)


def test_frames_that_wait_go_together_up_to_the_batch_size() -> None:
    inlet = _inlet(lossless=True, frames=5)
    assert [_indices(inlet.take(3)), _indices(inlet.take(3))] == [[0, 1, 2], [3, 4]]


def test_frames_of_another_size_go_into_another_batch() -> None:
    inlet = Inlet(lossless=True, capacity=10)
    for index, width in enumerate([2, 2, 4, 2]):
        inlet.put(_frame(index, width))
    assert [_indices(inlet.take(10)) for _ in range(3)] == [[0, 1], [2], [3]]


def _patient_inlet(frames: int = 0, capacity: int = 4, limit: int = 0) -> Inlet:
    """Its frames have been captured just now, and may wait for others longer than any test takes."""
    inlet = Inlet(lossless=True, capacity=capacity, limit=limit, batch_timeout_s=1000.0)
    for index in range(frames):
        inlet.put(_fresh(index))
    return inlet


def _fresh(index: int, width: int = 2) -> Frame:
    return dataclasses.replace(_frame(index, width), captured_s=time.perf_counter())


def test_a_batch_waits_for_the_frames_that_fill_it() -> None:
    inlet = _patient_inlet(frames=1)
    wait = _start(lambda: _indices(inlet.take(3)))
    for index in (1, 2):
        inlet.put(_fresh(index))
    assert wait() == [[0, 1, 2]]


def test_a_frame_that_is_older_than_the_batch_timeout_takes_along_what_is_there() -> None:
    inlet = _patient_inlet()
    inlet.put(dataclasses.replace(_frame(0), captured_s=time.perf_counter() - 2000.0))
    inlet.put(_fresh(1))
    assert _indices(inlet.take(3)) == [0, 1]


def test_a_frame_goes_alone_once_the_batch_timeout_is_over() -> None:
    inlet = Inlet(lossless=True, capacity=3, batch_timeout_s=0.05)
    inlet.put(_fresh(0))
    begin_s = inlet.take(3)[1][0].captured_s
    assert time.perf_counter() - begin_s >= 0.05


def test_frames_of_several_cameras_wait_for_each_other() -> None:
    inlet = Inlet(lossless=False, capacity=1, batch_timeout_s=1000.0)
    inlet.put(dataclasses.replace(_fresh(0), stream=0))
    wait = _start(lambda: _indices(inlet.take(2)))
    inlet.put(dataclasses.replace(_fresh(1), stream=1))
    assert wait() == [[0, 1]]


def test_a_batch_does_not_wait_for_more_than_the_source_has() -> None:
    inlet = _patient_inlet(frames=2)
    wait = _start(lambda: _indices(inlet.take(3)))
    inlet.finish()
    assert wait() == [[0, 1]]


def test_a_batch_does_not_wait_once_a_frame_of_another_size_is_next() -> None:
    inlet = _patient_inlet(frames=2)
    inlet.put(_fresh(2, width=4))
    assert _indices(inlet.take(4)) == [0, 1]


def test_a_batch_does_not_wait_for_frames_over_the_limit() -> None:
    inlet = _patient_inlet(frames=2, limit=2)
    assert _indices(inlet.take(4)) == [0, 1]


def test_a_batch_does_not_wait_for_a_source_that_waits_for_it() -> None:
    inlet = _patient_inlet(frames=2, capacity=2)
    assert _indices(inlet.take(4)) == [0, 1]


def test_abort_wakes_a_batch_that_waits_for_more() -> None:
    inlet = _patient_inlet(frames=1)
    wait = _start(lambda: inlet.take(3))
    inlet.abort()
    assert wait() == [Aborted]


def test_batches_are_numbered_from_zero() -> None:
    inlet = _inlet(lossless=True, frames=3)
    assert [inlet.take(1)[0] for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(("limit", "batches"), [(1, [[0]]), (3, [[0, 1], [2]]), (4, [[0, 1], [2, 3]])])
def test_no_more_frames_are_given_than_the_limit(limit: int, batches: List[List[int]]) -> None:
    inlet = _inlet(lossless=True, frames=5, limit=limit)
    assert [_indices(inlet.take(2)) for _ in batches] == batches
    with pytest.raises(Finished) as caught:
        inlet.take(2)
    assert caught.value.total == len(batches)


def test_a_finished_inlet_gives_what_is_left_first() -> None:
    inlet = _inlet(lossless=True, frames=1)
    inlet.finish()
    assert _indices(inlet.take(1)) == [0]
    with pytest.raises(Finished):
        inlet.take(1)


@pytest.mark.parametrize("end", ["finish", "abort"])
def test_the_end_wakes_who_waits_for_a_frame(end: str) -> None:
    inlet = Inlet(lossless=True, capacity=1)
    wait = _start(lambda: inlet.take(1))
    inlet.finish() if end == "finish" else inlet.abort()
    assert wait() == [Finished if end == "finish" else Aborted]


@pytest.mark.parametrize("lossless", [True, False])
def test_an_aborted_inlet_takes_no_more_frames(lossless: bool) -> None:
    inlet = Inlet(lossless, capacity=1)
    inlet.abort()
    with pytest.raises(Aborted):
        inlet.put(_frame(0))


def test_abort_wakes_a_source_that_waits() -> None:
    inlet = _inlet(lossless=True, frames=1, capacity=1)
    wait = _start(lambda: inlet.put(_frame(1)))
    inlet.abort()
    assert wait() == [Aborted]


def _of(stream: int, index: int) -> Frame:
    return replace(_frame(index), stream=stream)


def test_each_of_several_cameras_keeps_its_newest_frame() -> None:
    inlet = Inlet(lossless=False, capacity=1)
    for stream, index in [(0, 0), (1, 0), (0, 1), (0, 2), (1, 1)]:
        inlet.put(_of(stream, index))
    taken = [(frame.stream, frame.index) for _ in range(2) for frame in inlet.take(1)[1]]
    assert taken == [(0, 2), (1, 1)]
    assert (inlet.captured, inlet.superseded, dict(inlet.captured_of)) == (5, 3, {0: 3, 1: 2})


def test_a_fast_camera_does_not_lose_its_turn_to_slow_ones() -> None:
    inlet = Inlet(lossless=False, capacity=1)
    taken = []
    for round_number in range(6):
        for stream in (1, 2, 3):
            inlet.put(_of(stream, round_number))
        for index in range(10):
            inlet.put(_of(0, 10 * round_number + index))
        taken += [frame.stream for frame in inlet.take(1)[1]]
    assert 0 in taken


def test_frames_of_several_cameras_go_through_together() -> None:
    inlet = Inlet(lossless=False, capacity=1)
    for stream in range(4):
        inlet.put(_of(stream, 7))
    assert [frame.stream for frame in inlet.take(4)[1]] == [0, 1, 2, 3]
