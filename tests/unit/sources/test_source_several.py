"""Several inputs as one."""

from __future__ import annotations

import math
import threading
from collections import Counter
from typing import Any, List, Tuple

import pytest

from fakes import FakeSource
from splitdet.config.streams import Playback
from splitdet.errors import SourceError
from splitdet.sources.base import Skipped
from splitdet.sources.gaps import Gap
from splitdet.sources.played import PlayedSource
from splitdet.sources.several import SeveralSource
from waiting import until

PATIENCE_S = 20.0


def fails_at(index: int, error: Exception) -> Any:
    """Work that fails at one frame."""

    def work(at: int) -> None:
        if at == index:
            raise error

    return work


def given(source: SeveralSource) -> List[Tuple[int, int]]:
    """Stream and index of every frame, in the order in which they come."""
    frames = [(frame.stream, frame.index) for frame in iter(source.read, None)]
    source.close()
    return frames


def test_every_frame_of_every_input_comes_in_the_order_of_its_input() -> None:
    frames = given(SeveralSource([FakeSource(30), FakeSource(7), FakeSource(19)]))
    for stream, count in enumerate((30, 7, 19)):
        assert [index for one, index in frames if one == stream] == list(range(count))


def test_inputs_that_have_frames_take_turns() -> None:
    source = SeveralSource([FakeSource(50), FakeSource(50), FakeSource(50)])
    first = source.read()
    assert first is not None
    # once all of them have one waiting
    until(lambda: all(feed.waiting for feed in source._feeds))
    order = [first.stream]
    for _ in range(59):
        frame = source.read()
        assert frame is not None
        order.append(frame.stream)
        until(lambda: source._feeds[order[-1]].waiting)
    source.close()
    assert Counter(order) == {0: 20, 1: 20, 2: 20}


def test_one_that_fails_is_told_of_and_the_others_go_on() -> None:
    dead = FakeSource(50, work=fails_at(3, SourceError("camera 7: gone")))
    source = SeveralSource([FakeSource(20), dead, FakeSource(20)])
    counts = Counter(stream for stream, _ in given(source))
    assert counts == {0: 20, 1: 3, 2: 20}
    assert [(piece.where, piece.reason) for piece in source.skipped] == [("fake", "camera 7: gone")]


def test_none_that_gives_a_frame_is_an_error() -> None:
    dead = [FakeSource(5, work=fails_at(0, SourceError(f"camera {n}: gone"))) for n in range(2)]
    source = SeveralSource(dead)
    with pytest.raises(SourceError, match=r"camera \d: gone; camera \d: gone"):
        given(source)
    source.close()


def test_a_fault_of_the_program_is_not_hidden() -> None:
    source = SeveralSource([FakeSource(50), FakeSource(5, work=fails_at(2, RuntimeError("a fault")))])
    with pytest.raises(RuntimeError, match="a fault"):
        given(source)
    source.close()


def test_every_input_is_closed_by_its_own_thread_when_it_ends_and_when_it_is_left() -> None:
    sources = [FakeSource(3), FakeSource(10_000)]
    several = SeveralSource(sources)
    for _ in range(6):
        several.read()
    several.close()
    assert [source.closed.is_set() for source in sources] == [True, True]
    assert [thread for thread in threading.enumerate() if thread.name.startswith("input")] == []


def test_inputs_that_were_never_read_are_closed() -> None:
    sources = [FakeSource(3), FakeSource(3)]
    SeveralSource(sources).close()
    assert [source.closed.is_set() for source in sources] == [True, True]


def test_an_interrupt_ends_the_wait_for_inputs_that_give_nothing() -> None:
    release = threading.Event()
    stuck = FakeSource(5, work=lambda index: release.wait())  # type: ignore[arg-type, return-value]
    source = SeveralSource([stuck, FakeSource(1)])
    assert source.read() is not None
    found: List[Any] = []
    thread = threading.Thread(target=lambda: found.append(source.read()))
    thread.start()
    source.interrupt()
    thread.join(PATIENCE_S)
    release.set()
    source.close()
    assert found == [None]


def test_it_is_live_where_all_are() -> None:
    cameras = [FakeSource(1, rate=10.0), FakeSource(1, rate=10.0)]
    assert SeveralSource(cameras).live
    assert not SeveralSource([FakeSource(1), FakeSource(1)]).live


def test_counts_are_added_where_all_are_known() -> None:
    assert SeveralSource([FakeSource(3), FakeSource(4)]).frame_count == 7
    endless = FakeSource(3)
    endless._count = None  # type: ignore[assignment]
    assert SeveralSource([FakeSource(3), endless]).frame_count is None


def test_an_error_is_handed_over_under_the_lock() -> None:
    """Whoever reads takes it away in two steps; between them nothing may come."""
    source = SeveralSource([FakeSource(5, work=fails_at(0, SourceError("gone")))])
    (feed,) = source._feeds
    with source._changed:
        feed.thread.start()
        assert feed.source.closed.wait(PATIENCE_S)  # type: ignore[attr-defined]
        assert feed.error is None
    feed.thread.join(PATIENCE_S)
    assert str(feed.error) == "gone"


def test_it_is_due_when_the_first_of_its_inputs_is() -> None:
    class Due(FakeSource):
        """Waits until a time of its own."""

        def __init__(self, due_s: float) -> None:
            super().__init__(1)
            self.until_s = due_s

        @property
        def due_s(self) -> float:
            return self.until_s

    source = SeveralSource([Due(50.0), Due(math.inf), Due(20.0)])
    assert source.due_s == 20.0
    source._feeds[2].ended = True
    assert source.due_s == 50.0
    source._feeds[0].ended = True
    assert source.due_s == math.inf


def test_gaps_of_an_input_that_is_played_with_options_are_counted() -> None:
    cameras = [FakeSource(1, rate=100.0), FakeSource(1, rate=100.0)]
    source = SeveralSource([PlayedSource(lambda: cameras[0], Playback(stride=2)), cameras[1]])
    for camera in cameras:
        camera.gaps.add(Gap("camera", "unplugged", 1.0, 25))
        camera.skipped.append(Skipped("camera", "gone"))
    assert (source.gaps.count, len(source.skipped)) == (2, 2)


def test_gaps_and_skipped_pieces_of_all_inputs_are_counted_together() -> None:
    sources = [FakeSource(1), FakeSource(1)]
    several = SeveralSource(sources)
    assert all(source.gaps is several.gaps for source in sources)
    assert all(source.skipped is several.skipped for source in sources)
