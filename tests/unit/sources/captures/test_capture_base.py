"""Leaving out what has piled up while nobody read."""

from __future__ import annotations

from typing import List

import pytest

from fakes import Clock
from splitdet.sources.captures.base import Capture


class PiledCapture(Capture):
    """25 frames a second; each takes as long to get as a test says.

    Args:
        takes_ms: of each frame, from the oldest on.
    """

    frame_rate = 25.0  # type: ignore[assignment]

    def __init__(self, clock: Clock, takes_ms: List[float]) -> None:
        super().__init__()
        self._clock = clock
        self._takes_ms = takes_ms
        self.skipped = 0

    def open(self) -> None:
        """See `Capture.open`."""

    def read(self) -> None:
        """See `Capture.read`."""

    def close(self) -> None:
        """See `Capture.close`."""

    def _skip(self) -> bool:
        if self.skipped == len(self._takes_ms):
            return False
        self._clock.now_s += self._takes_ms[self.skipped] / 1000
        self.skipped += 1
        return True


@pytest.mark.parametrize(
    ("takes_ms", "skipped"),
    [
        ([1.0] * 200, 100),  # no more than can have piled up
        ([1.0] * 30 + [40.0] * 100, 33),  # then each is waited for
        ([1.0] * 5 + [70.0] + [1.0] * 40 + [40.0] * 100, 49),  # one was slow to decode
        ([1.0] * 7, 7),  # then the stream has ended
    ],
)
def test_what_piled_up_is_left_out_until_frames_are_waited_for(
    takes_ms: List[float], skipped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("time.perf_counter", clock.perf_counter)
    capture = PiledCapture(clock, takes_ms)
    capture.skip_old(4.0)
    assert capture.skipped == skipped
