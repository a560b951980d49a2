"""Class-wise non-maximum suppression (NMS) in numpy: what the graph keeps, in a fraction of the time.

A graph suppresses each class for itself, with a hundred small operations a class. Here all classes
go through together, best score first. That order has three uses:

- Greedy suppression never lets a lower score suppress a higher one, so scores that nobody wants
  are dropped before it, not after.
- It is the order in which the graph reports, equal scores included: by class, then by index. So
  the first `max_total` boxes that are kept are the result, and the rest is never looked at.
- Candidates go through in blocks, so memory grows with their number, not with that of their pairs.

The result is equal to the graph's to the bit: every sum and product is done in float32, in the
order of TensorFlow's own kernels. Only the sign of a zero is not promised; TensorFlow's own
depends on where in the array the zero lies. Kernels that are compiled to fuse a product with a sum
(official builds for x86 are not) can differ in the last bit of an overlap, which matters where that
is within one bit of the threshold.

In a few cases that hardly occur the graph does what cannot be told from outside, and `suppress`
gives None:

- CombinedNonMaxSuppression, and any NMS of TensorFlow 1.15, take equal scores as a sort or a heap
  of their C++ library happens to leave them. Where one of them was kept, that can matter.
- TensorFlow 1.15 keeps a box without area again and again.
- Coordinates that are not a number, infinite after clipping, or so small that TensorFlow may take
  their differences for zero (it flushes subnormal numbers).

A score that is not a number is never kept: it is not greater than the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Iterator, List, Optional, Tuple

import numpy as np

from splitdet.types import Detections


class Ties(Enum):
    """In which order boxes of equal score are taken."""

    BY_INDEX = "by index"
    """By class, then by row."""
    BY_CLASS = "by class"
    """By class; within a class no order is specified."""
    UNSPECIFIED = "unspecified"


class Clip(Enum):
    """Whether boxes are clipped, and when."""

    NEVER = "never"
    BEFORE = "before"
    """To the window, before suppression."""
    AFTER = "after"
    """To 0..1, after suppression: overlaps are those of the boxes as they came."""


@dataclass(frozen=True)
class NmsSettings:
    """All that decides what a graph's NMS keeps."""

    score_threshold: float
    """Scores greater than this take part; not negative."""
    iou_threshold: float
    """Intersection over union, 0..1; a box that overlaps a better one by more is suppressed."""
    max_per_class: int
    max_total: int
    class_offset: int = 1
    """What is added to the index of a class to get its id."""
    clip: Clip = Clip.BEFORE
    window: Optional[Tuple[float, float, float, float]] = None
    """ymin, xmin, ymax, xmax, where the graph has it as a constant; None: it comes with the frame."""
    drops_flat: bool = True
    """Whether boxes without area after clipping are dropped before suppression. Area is height times
    width, so a box that is turned over both ways has one."""
    to_window_frame: bool = False
    """Whether clipped boxes are given in parts of the window, before suppression."""
    equal_suppresses: bool = False
    """Whether an overlap of just the threshold is too much, as in TensorFlow 1.15."""
    repeats_flat: bool = False
    """Whether boxes without area, where they get so far, are kept again and again, as in 1.15."""
    ties: Ties = Ties.BY_INDEX
    drops_unusual: bool = False
    """Whether coordinates that are no number, infinite or beyond 1e15 drop their box, and tiny ones
    are taken for zero; where a graph is followed, only that can tell what becomes of them."""

    def lowest(self, at_least: float) -> np.float32:
        """The greatest score that does not take part, where less than `at_least` is not wanted."""
        unwanted = np.nextafter(np.float32(at_least), np.float32(-np.inf))
        return np.float32(max(np.float32(self.score_threshold), unwanted, _SUBNORMAL))


_TINY = np.finfo(np.float32).tiny
_SUBNORMAL = np.nextafter(_TINY, np.float32(0))
"""TensorFlow takes numbers up to this one for zero."""
_SMALL, _LARGE = np.float32(1e-30), np.float32(1e15)
"""Coordinates between these have no subnormal differences, and no infinite areas."""
_FIRST = 256
"""How many of the best candidates are looked at first; with 100 to keep, that is often enough."""
_BLOCK = 64
"""How many go through together, whatever their classes. A loop over classes takes as long where a
frame has few boxes, and a hundred times as long where it is crowded: it has to find all that each
class keeps, not just the best of all."""


def suppress(
    boxes: np.ndarray,
    scores: np.ndarray,
    window: Optional[np.ndarray],
    settings: NmsSettings,
    at_least: float = 0.0,
    count: Optional[int] = None,
) -> Optional[Detections]:
    """What the graph's NMS keeps of one frame, best first; None where only the graph can tell.

    Args:
        boxes: float32 (N, 1, 4), or (N, C, 4) where each class has boxes of its own: ymin, xmin,
            ymax, xmax.
        scores: float32 (N, C).
        window: float32 (4,), what boxes are clipped to; not needed where the settings have it.
        at_least: least score that is wanted. The result is that of 0 without the lower scores,
            and comes sooner.
        count: only the first so many rows are boxes; None: all are.

    Raises:
        ValueError: the shapes do not fit, or a window is needed.
    """
    scores, boxes = scores[:count], boxes[:count]
    _check_shapes(boxes, scores)
    frame = _window(window, settings)
    with np.errstate(all="ignore"):  # numbers that are none, windows without area
        return _suppress(boxes, scores, frame, settings, at_least)


def _suppress(
    boxes: np.ndarray,
    scores: np.ndarray,
    window: Optional[np.ndarray],
    settings: NmsSettings,
    at_least: float,
) -> Optional[Detections]:
    flat = scores.reshape(-1)
    found = np.flatnonzero(flat > settings.lowest(at_least))
    rows, classes = np.divmod(found, scores.shape[1])
    values = flat[found]
    kept = _Kept(settings, scores.shape[1])
    for chosen in _best_first(values, classes):
        of_class = classes[chosen]
        corners = boxes[rows[chosen], of_class if boxes.shape[1] > 1 else 0]
        some = _prepare(corners, values[chosen], of_class, window, settings)
        if some is None or not kept.add(some):
            return None
        if kept.is_full:
            break
    return kept.detections()


@dataclass
class _Candidates:
    """Boxes in the order in which they are looked at."""

    boxes: np.ndarray
    """float32 (M, 4), clipped."""
    scores: np.ndarray
    """float32 (M,), falling."""
    classes: np.ndarray
    """int64 (M,), from 0."""
    low: np.ndarray
    """float32 (M, 2): the lesser y and x."""
    high: np.ndarray
    """float32 (M, 2): the greater y and x."""
    areas: np.ndarray
    """float32 (M,)."""

    def __getitem__(self, index: np.ndarray) -> _Candidates:
        return _Candidates(
            self.boxes[index],
            self.scores[index],
            self.classes[index],
            self.low[index],
            self.high[index],
            self.areas[index],
        )


def _check_shapes(boxes: np.ndarray, scores: np.ndarray) -> None:
    if (
        scores.ndim != 2
        or boxes.ndim != 3
        or (len(boxes), boxes.shape[2]) != (len(scores), 4)
        or boxes.shape[1] not in (1, scores.shape[1])
        or boxes.dtype != np.float32
        or scores.dtype != np.float32
    ):
        raise ValueError(
            "boxes and scores must be float32 (N, 1 or C, 4) and (N, C); got "
            f"{boxes.dtype} {boxes.shape} and {scores.dtype} {scores.shape}"
        )


def _window(window: Optional[np.ndarray], settings: NmsSettings) -> Optional[np.ndarray]:
    """The window that this frame needs, float32 (4,)."""
    if settings.window is not None:
        return np.array(settings.window, np.float32)
    if settings.clip != Clip.BEFORE and not settings.to_window_frame:
        return None
    if window is None or window.shape != (4,):
        given = "none" if window is None else str(window.shape)
        raise ValueError(f"this NMS needs a window of shape (4,); got {given}")
    return np.asarray(window, np.float32)


def _best_first(scores: np.ndarray, classes: np.ndarray) -> Iterator[np.ndarray]:
    """Indices in the order score, class, index; in pieces, equal scores always in the same one."""
    rest = np.arange(len(scores))
    wanted = _FIRST
    while len(rest):
        chosen = rest
        if len(rest) > 2 * wanted:
            of_rest = scores[rest]
            edge = np.partition(of_rest, len(rest) - wanted)[len(rest) - wanted]
            chosen, rest = rest[of_rest >= edge], rest[of_rest < edge]
        else:
            rest = rest[:0]
        yield chosen[np.lexsort((classes[chosen], -scores[chosen]))]
        wanted *= 8


def _prepare(
    boxes: np.ndarray,
    scores: np.ndarray,
    classes: np.ndarray,
    window: Optional[np.ndarray],
    settings: NmsSettings,
) -> Optional[_Candidates]:
    """What is done to boxes before suppression; None where numbers are out of the range of `_usual`."""
    if settings.clip == Clip.BEFORE and window is not None:
        boxes = np.maximum(np.minimum(boxes, window[[2, 3, 2, 3]]), window[[0, 1, 0, 1]])
    if not _usual(boxes):
        if not settings.drops_unusual:
            return None
        boxes = np.where(np.abs(boxes) < _SMALL, np.float32(0), boxes)
        left = np.flatnonzero((np.abs(boxes) <= _LARGE).all(1))
        boxes, scores, classes = boxes[left], scores[left], classes[left]
    if settings.drops_flat:
        sides = boxes[:, 2:] - boxes[:, :2]
        wide = np.flatnonzero(sides[:, 0] * sides[:, 1] >= _TINY)
        if len(wide) < len(boxes):
            boxes, scores, classes = boxes[wide], scores[wide], classes[wide]
    if settings.to_window_frame and window is not None:
        scale = np.float32(1) / (window[2:] - window[:2])
        boxes = scale[[0, 1, 0, 1]] * (boxes - window[[0, 1, 0, 1]])
        if not _usual(boxes):
            return None
    low = np.minimum(boxes[:, :2], boxes[:, 2:])
    high = np.maximum(boxes[:, :2], boxes[:, 2:])
    sides = high - low
    areas = sides[:, 0] * sides[:, 1]
    areas[areas < _TINY] = 0
    if settings.repeats_flat and not areas.all():
        return None
    return _Candidates(boxes, scores, classes, low, high, areas)


def _usual(boxes: np.ndarray) -> bool:
    size = np.abs(boxes)
    return bool((((size >= _SMALL) & (size <= _LARGE)) | (size == 0)).all())


class _Kept:
    """The boxes that were kept so far."""

    def __init__(self, settings: NmsSettings, classes: int) -> None:
        self._settings = settings
        self._parts: List[_Candidates] = []
        self._count = 0
        limited = settings.max_per_class < settings.max_total
        self._room = np.full(classes, settings.max_per_class) if limited else None

    @property
    def is_full(self) -> bool:
        """Whether there are as many as the graph reports."""
        return self._count >= self._settings.max_total

    def add(self, some: _Candidates) -> bool:
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

    def _has_tie(self, some: _Candidates, kept: np.ndarray) -> bool:
        """Whether another order of equal scores, where none is specified, might change `kept`."""
        if self._settings.ties == Ties.BY_INDEX:
            return False
        equal = np.zeros(len(some.scores) + 1, np.bool_)  # to the one before
        equal[1:-1] = some.scores[1:] == some.scores[:-1]
        if self._settings.ties == Ties.BY_CLASS:
            equal[1:-1] &= some.classes[1:] == some.classes[:-1]
        return bool((equal[kept] | equal[kept + 1]).any())

    def _left_by(
        self, ours: _Candidates, kept: np.ndarray, some: _Candidates, alive: np.ndarray
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

    def _suppress_within(self, some: _Candidates, alive: np.ndarray) -> np.ndarray:
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
        self, ours: _Candidates, one: np.ndarray, theirs: _Candidates, other: np.ndarray
    ) -> np.ndarray:
        """Which pairs overlap too much: bool (P,). The arithmetic is that of TensorFlow's kernel."""
        sides = np.minimum(ours.high[one], theirs.high[other])
        sides -= np.maximum(ours.low[one], theirs.low[other])
        np.maximum(sides, 0, out=sides)
        shared = sides[:, 0] * sides[:, 1]
        shared[shared < _TINY] = 0
        areas, other_areas = ours.areas[one], theirs.areas[other]
        union = areas + other_areas - shared
        union[union == 0] = 1  # of two boxes without area; with one of them, `shared` is 0 anyway
        share = shared / union
        threshold = np.float32(self._settings.iou_threshold)
        return np.asarray(share >= threshold if self._settings.equal_suppresses else share > threshold)


_LATER = np.triu(np.ones((_BLOCK, _BLOCK), np.bool_), 1)
