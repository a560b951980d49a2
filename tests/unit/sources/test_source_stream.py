"""A live stream that breaks off and comes back, by a reader that does what a test tells it."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Any, Callable, Iterator, List, Optional, Union

import numpy as np
import pytest

from fakes import Clock
from splitdet.config.streams import Reconnect
from splitdet.errors import SourceError
from splitdet.sources.captures.base import Capture
from splitdet.sources.stream import StreamSource

GONE = SourceError("unplugged")
NOT_FOUND = SourceError("no /dev/video0")
Step = Union[int, SourceError, None, Callable[[], Any]]


class ScriptedCapture(Capture):
    """Gives a grey frame for each number; raises errors; None is the end."""

    reader = "a script"

    def __init__(self, steps: List[Step]) -> None:
        super().__init__()
        self._opens = steps[0] if steps and isinstance(steps[0], SourceError) else None
        self._steps: Iterator[Step] = iter(steps)
        self.closed = False

    @property
    def frame_rate(self) -> Optional[float]:
        return 1000.0

    @property
    def size_px(self) -> Any:
        return (2, 4)

    def open(self) -> None:
        if self._opens is not None:
            raise self._opens

    def read(self) -> Optional[np.ndarray]:
        step = next(self._steps)
        if callable(step):
            step = step()
        if isinstance(step, SourceError):
            raise step
        return None if step is None else np.full((2, 4, 3), step, np.uint8)

    def close(self) -> None:
        self.closed = True


def stream(*scripts: List[Step], **options: Any) -> StreamSource:
    """A source whose reader follows one script after each opening, which a first error makes fail."""
    captures = [ScriptedCapture(steps) for steps in scripts]
    made: List[ScriptedCapture] = []

    def make_capture() -> Capture:
        made.append(captures[len(made)])
        return made[-1]

    reconnect = Reconnect(**{"pause_s": 0.1, **options.pop("reconnect", {})})
    source = StreamSource("camera 0", make_capture, options.pop("asked_px", None), reconnect, **options)
    source.made = made  # type: ignore[attr-defined]
    return source


def greys(source: StreamSource) -> List[int]:
    """The frames until the end."""
    return [int(frame.image[0, 0, 0]) for frame in iter(source.read, None)]


@pytest.mark.parametrize("waits", [True, False])
def test_what_waits_for_its_reader_is_not_live(monkeypatch: pytest.MonkeyPatch, waits: bool) -> None:
    monkeypatch.setattr(ScriptedCapture, "waits", waits)
    assert stream([1, None]).live != waits


def test_the_end_of_a_stream_is_no_error() -> None:
    assert greys(stream([1, 2, None])) == [1, 2]


def test_a_stream_that_breaks_off_goes_on_when_it_is_back() -> None:
    source = stream([1, 2, GONE], [NOT_FOUND], [NOT_FOUND], [3, 4, None])
    assert greys(source) == [1, 2, 3, 4]
    assert [capture.closed for capture in source.made] == [True, True, True, False]  # type: ignore[attr-defined]


def test_frames_are_numbered_on_after_a_gap() -> None:
    source = stream([1, 2, GONE], [3, None])
    assert [frame.index for frame in iter(source.read, None)] == [0, 1, 2]


@pytest.fixture
def _of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams are files behind an address."""
    monkeypatch.setattr(ScriptedCapture, "has_length", True)
    monkeypatch.setattr(ScriptedCapture, "_skip", lambda self: self.read() is not None)


@pytest.mark.usefixtures("_of_files")
def test_a_file_goes_on_where_it_broke_off_and_misses_nothing() -> None:
    source = stream([1, 2, GONE], [NOT_FOUND], [1, GONE], [1, 2, 3, 4, None])
    assert greys(source) == [1, 2, 3, 4]
    assert [gap.frames for gap in source.gaps.last] == [0]


@pytest.mark.usefixtures("_of_files")
def test_a_file_that_always_breaks_off_at_one_frame_is_given_up() -> None:
    source = stream([1, GONE], *([1, 2, GONE] for _ in range(4)), [1, 2, 3, None])
    with pytest.raises(SourceError, match="breaks off after 2 frames each time"):
        greys(source)


@pytest.mark.usefixtures("_of_files")
def test_a_file_that_gets_shorter_is_given_up_too() -> None:
    source = stream([1, 2, 3, GONE], *([1, GONE] for _ in range(4)))
    with pytest.raises(SourceError, match="breaks off after 3 frames each time"):
        greys(source)


@pytest.mark.usefixtures("_of_files")
def test_frames_of_a_file_are_where_they_stand_in_it() -> None:
    source = stream([1, 2, GONE], [1, 2, 3, None])
    assert [frame.time_s for frame in iter(source.read, None)] == [0.0, 0.001, 0.002]


@pytest.mark.usefixtures("_of_files")
def test_a_file_that_is_interrupted_while_it_is_found_again_gives_nothing() -> None:
    def interrupted() -> int:
        source.interrupt()
        return 1

    source = stream([1, 2, 3, GONE], [interrupted, 2, 3, 4, None])
    assert greys(source) == [1, 2, 3]


def test_a_gap_is_counted_with_its_first_reason_and_what_was_missed() -> None:
    source = stream([1, GONE], [NOT_FOUND], [2, GONE], [3, None])
    greys(source)
    assert (source.gaps.count, [gap.reason for gap in source.gaps.last]) == (2, ["unplugged"] * 2)
    for gap in source.gaps.last:
        assert gap.source == "camera 0"
        assert gap.frames == max(0, round(gap.seconds * 1000.0) - 1)
    assert source.gaps.seconds == pytest.approx(sum(gap.seconds for gap in source.gaps.last))


def test_only_the_last_gaps_are_kept_one_by_one() -> None:
    scripts: List[List[Step]] = [[1, GONE] for _ in range(30)]
    source = stream(*scripts, [2, None])
    source._interrupted.wait = lambda unused: False  # type: ignore[method-assign, assignment]
    greys(source)
    assert (source.gaps.count, len(source.gaps.last)) == (30, 20)


def test_a_stream_that_opens_but_breaks_at_once_is_waited_for_ever_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: List[float] = []
    source = stream([1, GONE], [GONE], [GONE], [GONE], [2, None], reconnect={"pause_s": 0.6})
    monkeypatch.setattr(source._interrupted, "wait", pauses.append)
    assert greys(source) == [1, 2]
    assert pauses == [0.0, 0.25, 0.5, 0.6]


def test_reasons_are_told_once_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="splitdet")
    greys(stream([1, GONE], [NOT_FOUND], [NOT_FOUND], [2, None]))
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0] == "camera 0: gone after 1 frames (unplugged); looking for it"
    assert "still gone" in messages[1]
    assert "(no /dev/video0)" in messages[1]
    assert messages[2].startswith("camera 0: back after")
    assert len(messages) == 3


def test_a_stream_that_is_gone_for_too_long_ends_the_run() -> None:
    source = stream([1, GONE], *[[NOT_FOUND]] * 50, reconnect={"give_up_s": 0.05})
    with pytest.raises(SourceError, match=r"camera 0: gone for \d+\.\d s \(no /dev/video0\)"):
        greys(source)


def test_a_stream_that_is_not_there_at_first_is_refused() -> None:
    with pytest.raises(SourceError, match="camera 0: cannot be opened: no /dev/video0"):
        stream([NOT_FOUND])


def test_a_patient_source_waits_for_a_stream_that_is_not_there_at_first() -> None:
    source = stream([NOT_FOUND], [NOT_FOUND], [1, None], patient=True)
    assert greys(source) == [1]
    assert source.gaps.count == 0


def test_it_is_due_when_its_silence_is_over_and_never_while_it_is_looked_for() -> None:
    seen: List[float] = []

    def look(grey: int) -> Callable[[], int]:
        return lambda: seen.append(source.due_s) or grey  # type: ignore[func-returns-value]

    source = stream([look(1), GONE], [look(2), look(3), None], reconnect={"silence_s": 1000})
    greys(source)
    assert [due_s == math.inf for due_s in seen] == [False, True, False]
    assert all(due_s > time.perf_counter() + 900 for due_s in seen)


def test_a_gap_that_lasts_to_the_end_of_the_run_is_counted() -> None:
    source = stream([1, 2, GONE], *[[NOT_FOUND]] * 50, reconnect={"give_up_s": 0.05})
    with pytest.raises(SourceError, match="gone for"):
        greys(source)
    source.close()
    (gap,) = source.gaps.last
    assert gap.reason == "unplugged"
    assert gap.seconds >= 0.05
    assert gap.frames == max(0, round(gap.seconds * 1000.0) - 1)


def test_a_stream_that_broke_while_nobody_read_is_looked_for_before_it_is_given_up() -> None:
    source = stream([lambda: GONE], [1, None], reconnect={"give_up_s": 5.0})
    source._seen_s -= 3600.0  # as if a model had been loading since it was opened
    assert greys(source) == [1]


def test_an_interrupt_that_comes_while_it_is_being_opened_reaches_the_new_reader() -> None:
    class SlowCapture(ScriptedCapture):
        """Opens when it is interrupted."""

        def open(self) -> None:
            assert self.interrupted.wait(20)

    captures: List[Capture] = []

    def make_capture() -> Capture:
        source.interrupt()  # there is no new reader yet
        captures.append(SlowCapture([None]))
        return captures[-1]

    source = StreamSource("camera 0", make_capture, None, Reconnect(), patient=True)
    assert source.read() is None
    assert captures


def test_a_stream_that_breaks_after_one_frame_each_time_is_looked_for_ever_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: List[float] = []
    source = stream(*[[n, GONE] for n in range(4)], [4, None], reconnect={"pause_s": 0.6})
    monkeypatch.setattr(source._interrupted, "wait", pauses.append)
    assert greys(source) == [0, 1, 2, 3, 4]
    assert pauses == [0.0, 0.25, 0.5, 0.6]


def test_frames_that_were_missed_are_told_by_the_rate_at_which_they_came_where_the_stream_tells_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("time.perf_counter", clock.perf_counter)
    monkeypatch.setattr(ScriptedCapture, "frame_rate", None)

    def after(seconds: float, step: Any) -> Callable[[], Any]:
        def come() -> Any:
            clock.now_s += seconds
            return step

        return come

    source = stream([after(0.1, grey) for grey in range(11)] + [GONE], [after(5.0, 11), None])
    assert len(greys(source)) == 12
    (gap,) = source.gaps.last
    assert (gap.seconds, gap.frames) == (pytest.approx(5.0), 49)


def test_an_interrupt_ends_the_wait_for_a_stream_that_is_gone() -> None:
    source = stream([1, GONE], *[[NOT_FOUND]] * 1000, reconnect={"pause_s": 60.0})
    found: List[Any] = []
    thread = threading.Thread(target=lambda: found.append(greys(source)))
    thread.start()
    source.interrupt()
    thread.join(20)
    assert found in ([[1]], [[]])


def test_an_interrupt_reaches_the_reader() -> None:
    source = stream([1, None])
    source.interrupt()
    assert source.made[0].interrupted.is_set()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("asked", "level", "text"),
    [
        ((2, 4), logging.INFO, "asked for 4x2, delivers 4x2, 1000 a second, read by a script"),
        ((480, 640), logging.WARNING, "asked for 640x480, delivers 4x2, 1000 a second"),
        (None, logging.INFO, "camera 0: 4x2, 1000 a second, read by a script"),
    ],
)
def test_the_size_asked_for_and_the_size_delivered_are_both_told(
    asked: Any, level: int, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="splitdet")
    greys(stream([1, GONE], [2, None], asked_px=asked))
    told = [record for record in caplog.records if "read by" in record.getMessage()]
    assert [record.levelno for record in told] == [level]
    assert text in told[0].getMessage()
