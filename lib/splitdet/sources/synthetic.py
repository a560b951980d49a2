"""Moving boxes whose places are known: input for tests and benchmarks, without any hardware."""

from __future__ import annotations

import threading
import time
from typing import Optional, Tuple

import numpy as np

from splitdet.sources.base import Source
from splitdet.types import Detections, Frame

PREFIX = "synthetic:"


class SyntheticSource(Source):
    """Coloured boxes that drift over a plain ground and bounce off its edges.

    Args:
        frame_count: frames to give.
        size_px: height and width.
        rate: frames per second; with `live`, frames come at this pace and not faster.
        seed: same seed, same frames.
        box_count: boxes to draw.
    """

    def __init__(
        self,
        frame_count: int,
        size_px: Tuple[int, int] = (480, 640),
        rate: float = 30.0,
        live: bool = False,
        seed: int = 0,
        box_count: int = 3,
    ) -> None:
        super().__init__(f"{PREFIX}{frame_count}")
        self.live = live
        self._count = frame_count
        self._size = size_px
        self._rate = rate
        random = np.random.RandomState(seed)
        extent = np.array([size_px[0], size_px[1]], dtype=np.float64)
        self._box_size = random.uniform(0.1, 0.3, (box_count, 2)) * extent
        self._start = random.uniform(0.0, 1.0, (box_count, 2)) * (extent - self._box_size)
        self._speed = random.uniform(-0.02, 0.02, (box_count, 2)) * extent
        self._colours = random.randint(0, 256, (box_count, 3)).astype(np.uint8)
        self._ground = random.randint(0, 256, 3).astype(np.uint8)
        self._closed = threading.Event()

    @property
    def frame_count(self) -> Optional[int]:
        """See `Source.frame_count`."""
        return self._count

    @property
    def frame_rate(self) -> Optional[float]:
        """See `Source.frame_rate`."""
        return self._rate

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Source.size_px`."""
        return self._size

    def truth(self, index: int) -> Detections:
        """Where the boxes of frame `index` are; class ids count from 1, scores are 1."""
        corners = np.rint(np.hstack([self._corner(index), self._corner(index) + self._box_size]))
        boxes = corners / np.array([self._size[0], self._size[1]] * 2)
        return Detections(
            boxes.astype(np.float32),
            np.ones(len(boxes), np.float32),
            np.arange(1, len(boxes) + 1, dtype=np.int64),
        )

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        begin_s = time.perf_counter()
        if self._index >= self._count:
            return None
        if self.live:
            self._closed.wait(max(0.0, self._began_s + self._index / self._rate - begin_s))
        image = np.empty((*self._size, 3), np.uint8)
        image[:] = self._ground
        scale = np.array([self._size[0], self._size[1]] * 2)
        for box, colour in zip(self.truth(self._index).boxes * scale, self._colours):
            top, left, bottom, right = np.rint(box).astype(int)
            image[top:bottom, left:right] = colour
        return self._frame(image, self.name, self._index / self._rate, begin_s)

    def close(self) -> None:
        """See `Source.close`."""
        self._closed.set()

    def _corner(self, index: int) -> np.ndarray:
        """Top left corners (N, 2) at frame `index`: a triangle wave over the free space."""
        free = np.array([self._size[0], self._size[1]]) - self._box_size
        way = (self._start + self._speed * index) % (2 * free)
        return np.asarray(np.where(way > free, 2 * free - way, way))
