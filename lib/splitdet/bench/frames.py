"""Frames for a benchmark: out of a video or pictures, in memory at a given size, or as they are read."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace
from typing import Iterator, List, Optional, Tuple

import cv2
import numpy as np

from splitdet.config import Config
from splitdet.errors import SourceError
from splitdet.sources.base import Source
from splitdet.sources.choose import open_source
from splitdet.sources.memory import MemorySource
from splitdet.types import Pixels

HELD = 24
"""Frames in memory, which come again and again: 66 MB at 1280x720."""
APART = 8
"""Of a video, so many frames lie between two that are held, so that they differ."""


class Input:
    """Frames for `seconds`, counted from the first.

    Args:
        spec: what `open_source` takes.
        size_px: height and width of the frames, which are then in memory; None as they are read, with
            the time that this takes, a file from its beginning again and again.
        rate: frames per second, as of a camera: the newest counts; 0 as fast as they are taken.

    Raises:
        SourceError: nothing there, or not readable.
    """

    def __init__(
        self,
        spec: str,
        config: Config,
        size_px: Optional[Tuple[int, int]],
        seconds: float,
        rate: float = 0.0,
    ) -> None:
        endless = replace(config, playback=replace(config.playback, loop=-1))
        self._opened = open_source(spec, config if size_px else endless)
        self._seconds, self._rate = seconds, rate
        self._closed = threading.Event()
        self.began_s: Optional[float] = None
        """When the first frame was asked for."""
        self.ended_s = 0.0
        """When it was over."""
        frames: Iterator[Pixels]
        try:
            if size_px is None:
                frames = (frame.pixels for frame in iter(self._opened.read, None))
            else:
                frames = itertools.cycle(_held(self._opened, size_px))
        except BaseException:
            self._opened.close()
            raise
        self.source: Source = MemorySource(self._timed(frames))
        self.source.live = rate > 0 or (size_px is None and self._opened.live)

    def _timed(self, frames: Iterator[Pixels]) -> Iterator[Pixels]:
        """The frames until the time is over, not faster than the rate."""
        self.began_s = time.perf_counter()
        end_s = self.began_s + self._seconds
        for index, image in enumerate(frames):
            now_s = time.perf_counter()
            if self._rate:
                self._closed.wait(max(0.0, self.began_s + index / self._rate - now_s))
            if now_s >= end_s:
                break
            yield image
        self.ended_s = time.perf_counter()

    def close(self) -> None:
        """Give files back."""
        self._closed.set()
        self._opened.close()


def _held(source: Source, size_px: Tuple[int, int]) -> List[np.ndarray]:
    """Some of the frames, uint8 (H, W, 3), BGR, of that size."""
    height, width = size_px
    images: List[np.ndarray] = []
    while len(images) < HELD:
        frame = source.read()
        if frame is None:
            break
        images.append(cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_AREA))
        if not source.keeps_files and not source.live:
            for _ in range(APART - 1):
                source.skip()
    if not images:
        raise SourceError(f"{source.name}: no frame in it")
    return images
