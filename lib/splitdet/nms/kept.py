"""The boxes that were kept so far, and what they suppress."""

from __future__ import annotations

from typing import List

import numpy as np

from splitdet.nms.candidates import Candidates
from splitdet.nms.settings import TINY, Clip, NmsSettings, Ties
from splitdet.types import Detections

_BLOCK = 64
"""How many go through together, whatever their classes. A loop over classes takes as long where a
frame has few boxes, and a hundred times as long where it is crowded: it has to find all that each
class keeps, not just the best of all."""
_LATER = np.triu(np.ones((_BLOCK, _BLOCK), np.bool_), 1)


class Kept:
    """The boxes that were kept so far."""

    def __init__(self, settings: NmsSettings, classes: int) -> None:
        self._settings = settings
        self._parts: List[Candidates] = []
        self._count = 0
        limited = settings.max_per_class < settings.max_total
        self._room = np.full(classes, settings.max_per_class) if limited else None

    @property
    def is_full(self) -> bool:
        """Whether there are as many as the graph reports."""
        return self._count >= self._settings.max_total

    def add(self, some: Candidates) -> bool:
        """Keep what is to be kept of more candidates; False where that is not specified."""
        chosen = np.zeros(0, np.intp)
        for begin in range(0, len(some.scores), _BLOCK):
            if self.is_full:
                break
            alive = np.arange(begin, min(begin + _BLOCK, len(some.scores)))
            if self._room is not None:
                alive = alive[self._room[some.classes[alive]] > 0]
            for part in self._parts:
                alive = self._left_by(part, np.arange(len(part.scores)), some, alive)
            alive = self._left_by(some, chosen, some, alive)
            alive = self._suppress_within(some, alive)
            if self._room is not None:
                alive = self._take_room(some.classes, alive)
            alive = alive[: self._settings.max_total - self._count]
            if self._has_tie(some, alive):
                return False
            chosen = np.concatenate([chosen, alive])
            self._count += len(alive)
        self._parts.append(some[chosen])
        return True

    def detections(self) -> Detections:
        """All that was kept."""
        if not self._count:
            return Detections.none()
        boxes = np.concatenate([part.boxes for part in self._parts])
        if self._settings.clip == Clip.AFTER:
            boxes = np.maximum(np.minimum(boxes, np.float32(1)), np.float32(0))
        classes = np.concatenate([part.classes for part in self._parts])
        return Detections(
            boxes,
            np.concatenate([part.scores for part in self._parts]),
            classes.astype(np.int64) + self._settings.class_offset,
        )

    def _has_tie(self, some: Candidates, kept: np.ndarray) -> bool:
        """Whether another order of equal scores, where none is specified, might change `kept`."""
        if self._settings.ties == Ties.BY_INDEX:
            return False
        equal = np.zeros(len(some.scores) + 1, np.bool_)  # to the one before
        equal[1:-1] = some.scores[1:] == some.scores[:-1]
        if self._settings.ties == Ties.BY_CLASS:
            equal[1:-1] &= some.classes[1:] == some.classes[:-1]
        return bool((equal[kept] | equal[kept + 1]).any())

    def _left_by(
        self, ours: Candidates, kept: np.ndarray, some: Candidates, alive: np.ndarray
    ) -> np.ndarray:
        """Those of `alive` in `some` that none of `kept` in `ours` overlaps too much."""
        # classes are compared: to move each to a place of its own would round its boxes
        better, worse = np.nonzero(ours.classes[kept][:, np.newaxis] == some.classes[alive])
        if not len(better):
            return alive
        over = self._overlap(ours, kept[better], some, alive[worse])
        is_left = np.ones(len(alive), np.bool_)
        is_left[worse[over]] = False
        return alive[is_left]

    def _suppress_within(self, some: Candidates, alive: np.ndarray) -> np.ndarray:
        """What is left of `alive` when they suppress each other, the first the others."""
        classes = some.classes[alive]
        same = classes[:, np.newaxis] == classes
        better, worse = np.nonzero(same & _LATER[: len(alive), : len(alive)])
        over = self._overlap(some, alive[better], some, alive[worse])
        is_alive = [True] * len(alive)
        # by index of the better one, so that its own fate is known when its turn comes
        for one, other in zip(better[over].tolist(), worse[over].tolist()):
            if is_alive[one]:
                is_alive[other] = False
        return alive[is_alive]

    def _take_room(self, classes: np.ndarray, alive: np.ndarray) -> np.ndarray:
        """The first of `alive` in each class, as many as there is room for."""
        fitting = []
        for index in alive.tolist():
            if self._room is not None and self._room[classes[index]] > 0:
                self._room[classes[index]] -= 1
                fitting.append(index)
        return np.array(fitting, np.intp)

    def _overlap(
        self, ours: Candidates, one: np.ndarray, theirs: Candidates, other: np.ndarray
    ) -> np.ndarray:
        """Which pairs overlap too much: bool (P,). The arithmetic is that of TensorFlow's kernel."""
        sides = np.minimum(ours.high[one], theirs.high[other])
        sides -= np.maximum(ours.low[one], theirs.low[other])
        np.maximum(sides, 0, out=sides)
        shared = sides[:, 0] * sides[:, 1]
        shared[shared < TINY] = 0
        areas, other_areas = ours.areas[one], theirs.areas[other]
        union = areas + other_areas - shared
        union[union == 0] = 1  # of two boxes without area; with one of them, `shared` is 0 anyway
        share = shared / union
        threshold = np.float32(self._settings.iou_threshold)
        return np.asarray(share >= threshold if self._settings.equal_suppresses else share > threshold)
