"""What decides which boxes a graph's NMS keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional, Tuple

import numpy as np

TINY = np.finfo(np.float32).tiny
SUBNORMAL = np.nextafter(TINY, np.float32(0))
"""TensorFlow takes numbers up to this one for zero."""


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
        return np.float32(max(np.float32(self.score_threshold), unwanted, SUBNORMAL))
