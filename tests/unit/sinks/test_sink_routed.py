"""A sink for each of several inputs."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional

import numpy as np
import pytest

from splitdet.errors import SinkError
from splitdet.sinks.base import Sink
from splitdet.sinks.routed import Routed, each_its_own
from splitdet.types import Detections, Frame


class NotingSink(Sink):
    """Keeps the streams of what is written."""

    def __init__(self, name: str, wants: bool = False, fails: bool = False) -> None:
        self.streams: List[int] = []
        self.closed = False
        self._name = name
        self._wants = wants
        self._fails = fails

    @property
    def path(self) -> str:
        return self._name

    def wants_picture(self) -> bool:
        return self._wants

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        self.streams.append(frame.stream)

    def close(self) -> None:
        self.closed = True
        if self._fails:
            raise SinkError(f"{self._name}: cannot be finished")


def frame(stream: int) -> Any:
    return Frame(np.zeros((2, 2, 3), np.uint8), 0, "a", 0.0, 0.0, stream=stream)


def test_each_result_goes_to_the_sink_of_its_stream() -> None:
    sinks = [NotingSink("a"), NotingSink("b"), NotingSink("c")]
    routed = Routed(sinks)
    for stream in (2, 0, 2, 1):
        routed.write(frame(stream), Detections.none(), None)
    assert [sink.streams for sink in sinks] == [[0], [1], [2, 2]]


def test_a_picture_is_wanted_where_one_of_them_wants_it() -> None:
    assert not Routed([NotingSink("a"), NotingSink("b")]).wants_picture()
    assert Routed([NotingSink("a"), NotingSink("b", wants=True)]).wants_picture()


def test_where_one_cannot_be_made_those_before_it_are_closed() -> None:
    first = NotingSink("a")

    def made() -> Iterator[Sink]:
        yield first
        raise SinkError("b: cannot be made")

    with pytest.raises(SinkError, match="b: cannot be made"):
        each_its_own(made())
    assert first.closed


def test_paths_are_told_once_each() -> None:
    assert Routed([NotingSink("a"), NotingSink("b"), NotingSink("a"), NotingSink("")]).path == "a, b"


def test_all_are_closed_and_the_first_error_counts() -> None:
    sinks = [NotingSink("a"), NotingSink("b", fails=True), NotingSink("c", fails=True)]
    with pytest.raises(SinkError, match="b: cannot be finished"):
        Routed(sinks).close()
    assert all(sink.closed for sink in sinks)
