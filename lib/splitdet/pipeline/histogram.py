"""Times of a whole run in flat memory."""

from __future__ import annotations

import math
from collections import deque
from typing import Dict, List, Sequence

_SHORTEST_S = 1e-6
_STEPS_PER_DECADE = 200  # neighbouring bins differ by 1.2 %


class Histogram:
    """Times in logarithmic bins: percentiles within 1.2 % in flat memory, whatever the count."""

    def __init__(self) -> None:
        self._bins: Dict[int, int] = {}
        self.count = 0
        self.total_s = 0.0
        self.max_s = 0.0

    def add(self, time_s: float) -> None:
        """Count one time."""
        step = math.floor(_STEPS_PER_DECADE * math.log10(max(time_s, _SHORTEST_S) / _SHORTEST_S))
        self._bins[step] = self._bins.get(step, 0) + 1
        self.count += 1
        self.total_s += time_s
        self.max_s = max(self.max_s, time_s)

    @property
    def mean_s(self) -> float:
        """Mean, exact; 0 where nothing was counted."""
        return self.total_s / self.count if self.count else 0.0

    def copy(self) -> Histogram:
        """Another one with the same times."""
        other = Histogram()
        other._bins = dict(self._bins)
        other.count, other.total_s, other.max_s = self.count, self.total_s, self.max_s
        return other

    def up_to(self, edges_s: Sequence[float]) -> List[int]:
        """How many times do not exceed each of `edges_s`, which rise; within 1.2 % of each edge."""
        counts, seen = [], 0
        steps = deque(sorted(self._bins))
        for edge_s in edges_s:
            while steps and _middle_s(steps[0]) <= edge_s:
                seen += self._bins[steps.popleft()]
            counts.append(seen)
        return counts

    def percentile_s(self, percent: float) -> float:
        """Time that `percent` of all do not exceed; 0 where nothing was counted."""
        wanted = math.ceil(self.count * percent / 100.0)
        seen = 0
        for step in sorted(self._bins):
            seen += self._bins[step]
            if seen >= wanted:
                return min(_middle_s(step), self.max_s)
        return 0.0

    def as_ms(self) -> Dict[str, float]:
        """Mean, percentiles and maximum, milliseconds."""
        figures = {"mean": self.mean_s, "max": self.max_s}
        figures.update({f"p{p}": self.percentile_s(p) for p in (50, 95, 99)})
        return {name: round(1000 * figures[name], 3) for name in ("mean", "p50", "p95", "p99", "max")}


def _middle_s(step: int) -> float:
    """The time in the middle of a bin."""
    return float(_SHORTEST_S * 10 ** ((step + 0.5) / _STEPS_PER_DECADE))
