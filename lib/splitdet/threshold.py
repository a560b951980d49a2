"""The score threshold of a run, which can be moved while it goes on."""

from __future__ import annotations

import threading


class LiveThreshold:
    """The score from which on a detection is reported: at first `det_th`, then what people set.

    It takes effect in front of everything that shows, sends or writes, so all of them agree. Safe
    from any thread.

    Args:
        score: 0..1.

    Raises:
        ValueError: not a number from 0 to 1.
    """

    STEP = 0.05
    """What `step` moves it by."""

    def __init__(self, score: float) -> None:
        self._lock = threading.Lock()
        self._score = _checked(score)

    @property
    def score(self) -> float:
        """Its value now, 0..1."""
        with self._lock:
            return self._score

    def set(self, score: float) -> None:
        """Move it; from the next frame on it counts.

        Raises:
            ValueError: not a number from 0 to 1.
        """
        checked = _checked(score)
        with self._lock:
            self._score = checked

    def step(self, steps: int) -> float:
        """Move it by so many steps up, or down where `steps` is negative, as far as there is room.

        It stops at multiples of `STEP`, so that up and down again leads back.

        Returns:
            its new value.
        """
        with self._lock:
            moved = (round(self._score / self.STEP) + steps) * self.STEP
            self._score = min(1.0, max(0.0, round(moved, 6)))
            return self._score


def _checked(score: float) -> float:
    if not 0.0 <= score <= 1.0:  # neither is true of what is not a number
        raise ValueError(f"a score threshold is a number from 0 to 1, got {score!r}")
    return float(score)
