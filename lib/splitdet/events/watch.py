"""Rules against what is found: when does something count as an event?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Optional

import numpy as np

from splitdet.config.events import Rule
from splitdet.errors import ConfigError
from splitdet.labels import Labels
from splitdet.polygon import contains
from splitdet.types import Detections, Frame

_ANY = 0  # in the place of a track, where nothing is tracked
_ROUNDING_S = 1e-6  # times of frames are multiples of 1 / rate, cut to a float


@dataclass(frozen=True)
class Event:
    """A rule that has come true."""

    name: str
    """Of the rule."""
    frame: Frame
    found: Detections
    """What made it true: things of its class that stand in its zone, and have for long enough. Without
    masks."""
    lasted_s: float
    """How long it had been so, of the one that was there longest; seconds."""


class Watcher:
    """Looks at one frame after the other, in the order of capture.

    Times are those of the frames, so a file gives the same events however fast it is read.

    Args:
        labels: names of the classes that rules speak of.

    Raises:
        ConfigError: a rule names a class that the model does not have.
    """

    def __init__(self, rules: Iterable[Rule], labels: Labels) -> None:
        self._watches = [_Watch(rule, labels) for rule in rules]

    def look(self, frame: Frame, found: Detections) -> List[Event]:
        """The rules that come true with this frame, in the order in which they were given."""
        events = (watch.look(frame, found) for watch in self._watches)
        return [event for event in events if event is not None]


class _Sight(NamedTuple):
    """Since when, and until when, something has been seen; seconds."""

    first_s: float
    last_s: float


class _Watch:
    """One rule, and what it has seen so far."""

    def __init__(self, rule: Rule, labels: Labels) -> None:
        self._rule = rule
        try:
            self._classes: FrozenSet[int] = labels.ids(rule.classes)
        except ConfigError as error:
            raise ConfigError(f"events: {rule.name}: {error}") from None
        self._sights: Dict[int, _Sight] = {}  # by track
        self._silent_until_s: Optional[float] = None

    def look(self, frame: Frame, found: Detections) -> Optional[Event]:
        there = self._there(found)
        now_s = frame.time_s
        for track in _tracks(there):
            first_s = self._sights[track].first_s if track in self._sights else now_s
            self._sights[track] = _Sight(first_s, now_s)
        oldest_s = now_s - self._rule.gap_s - _ROUNDING_S
        self._sights = {t: sight for t, sight in self._sights.items() if sight.last_s >= oldest_s}
        lasted_s = np.array([now_s - self._sights[track].first_s for track in _tracks(there)])
        enough = np.flatnonzero(lasted_s >= self._rule.min_s - _ROUNDING_S)
        if not len(enough) or self._is_silent(now_s):
            return None
        self._silent_until_s = now_s + self._rule.cooldown_s
        return Event(self._rule.name, frame, there.rows(enough), float(lasted_s[enough].max()))

    def _there(self, found: Detections) -> Detections:
        """Those of its class that stand in its zone."""
        keep = np.ones(len(found), np.bool_)
        if self._classes:
            keep &= np.isin(found.classes, list(self._classes))
        if self._rule.zone:
            keep &= contains(self._rule.zone, found.foot_points())
        rows = found.rows(np.flatnonzero(keep))
        return Detections(rows.boxes, rows.scores, rows.classes, tracks=rows.tracks)

    def _is_silent(self, now_s: float) -> bool:
        return self._silent_until_s is not None and now_s < self._silent_until_s - _ROUNDING_S


def _tracks(found: Detections) -> List[int]:
    """The number of each, or that which stands for any."""
    if found.tracks is None:
        return [_ANY] * len(found)
    tracks: List[int] = found.tracks.tolist()
    return tracks
