"""How often something is due, by the clock."""

from __future__ import annotations

import time
from typing import Optional


class Beat:
    """Says yes so many times a second at most, however often it is asked.

    Args:
        most_per_s: 0 for always.
    """

    def __init__(self, most_per_s: float) -> None:
        self._period_s = 1.0 / most_per_s if most_per_s > 0 else 0.0
        self._due_s: Optional[float] = None

    def is_due(self) -> bool:
        """Whether it is time; a yes counts as done."""
        now_s = time.perf_counter()
        if self._due_s is None:
            self._due_s = now_s
        if now_s < self._due_s:
            return False
        # keep the beat; after a pause begin a new one
        self._due_s = max(self._due_s, now_s - self._period_s) + self._period_s
        return True
