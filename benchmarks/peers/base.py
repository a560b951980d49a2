"""What every peer is asked for: frames of 1280x720 in memory to detections, as fast as it can."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple, Tuple, Union

import cv2
import numpy as np

SIZE_PX = (720, 1280)
"""Height and width of the frames."""
SEGMENTER_SIDE_PX = 513
"""Longer side of what a segmenter is given."""


class Found(NamedTuple):
    """What is in a frame, from the threshold on."""

    boxes: np.ndarray
    """float32 (N, 4): ymin, xmin, ymax, xmax, each 0..1."""
    scores: np.ndarray
    """float32 (N,)."""
    classes: np.ndarray
    """Integers (N,)."""


Answer = Union[Found, np.ndarray]
"""Of a segmenter a class for each pixel, integers (h, w)."""


class Unable(Exception):
    """Why a peer cannot run a model, in one line."""


class Peer(ABC):
    """One way to run a frozen graph. It may use all cores.

    Args:
        graph: a detector (`image_tensor` to `detection_*`) or a segmenter (`ImageTensor` to
            `SemanticPredictions`).
        segments: whether it is a segmenter.
        threshold: least score of what is to be found.

    Raises:
        Unable: it cannot run this model.
    """

    title: str
    """Name and version, for the table."""

    def __init__(self, graph: Path, segments: bool, threshold: float) -> None:
        self.graph, self.segments, self.threshold = graph, segments, threshold
        self.open()

    @abstractmethod
    def open(self) -> None:
        """Load, convert, compile."""

    @abstractmethod
    def run(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[int, Answer]]:
        """The answer for each frame, with its place, in any order.

        Args:
            frames: uint8 (720, 1280, 3), BGR, as OpenCV reads them.
        """

    def cut_off(self, boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray) -> Found:
        """Those from the threshold on; each of the arrays is of one frame."""
        keep = scores >= np.float32(self.threshold)
        return Found(boxes[keep], scores[keep], classes[keep].astype(np.int64))


def rgb(frame: np.ndarray) -> np.ndarray:
    """A frame as the graphs want it: uint8 (1, H, W, 3), RGB."""
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)[np.newaxis]


def for_segmenter(frame: np.ndarray) -> np.ndarray:
    """The same, as large as a segmenter takes it."""
    scale = SEGMENTER_SIDE_PX / max(frame.shape[:2])
    size = (int(frame.shape[1] * scale + 0.5), int(frame.shape[0] * scale + 0.5))
    return rgb(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
