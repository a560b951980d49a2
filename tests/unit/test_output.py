"""The last stage: who gets what."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional, Tuple

import numpy as np
import pytest

from splitdet.labels import Labels
from splitdet.output import Output
from splitdet.pipeline.meter import Meter
from splitdet.sinks.base import Sink
from splitdet.types import Batch, Detections, Frame
from splitdet.visualize.painter import Painter


class NotingSink(Sink):
    """Keeps what it was given: stream, and whether with a picture."""

    def __init__(self, wants: bool = False, shows_first: bool = False) -> None:
        self.given: List[Tuple[int, bool]] = []
        self.shows_first = shows_first
        self._wants = wants

    def wants_picture(self) -> bool:
        return self._wants

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        self.given.append((frame.stream, picture is not None))


def batch(*streams: int) -> Batch:
    """A finished batch with a frame of each stream."""
    frame = Frame(np.zeros((4, 4, 3), np.uint8), 0, "a", 0.0, 0.0)
    frames = [replace(frame, stream=stream) for stream in streams]
    return Batch(frames, results=[Detections.none() for _ in frames])


def output(*sinks: Sink) -> Output:
    return Output(Painter(Labels({1: "thing"})), sinks, Meter(1.0), text=False)


def test_a_picture_goes_to_those_who_want_one() -> None:
    with_picture, without = NotingSink(wants=True), NotingSink()
    output(with_picture, without)(batch(0))
    assert (with_picture.given, without.given) == ([(0, True)], [(0, False)])


def test_what_has_room_for_one_input_gets_the_first_alone() -> None:
    window, file = NotingSink(wants=True, shows_first=True), NotingSink()
    output(window, file)(batch(1, 0, 2, 0))
    assert window.given == [(0, True), (0, True)]
    assert [stream for stream, _ in file.given] == [1, 0, 2, 0]


def test_nothing_is_drawn_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Painter, "paint", pytest.fail)
    output(NotingSink(wants=True, shows_first=True))(batch(1, 2))
