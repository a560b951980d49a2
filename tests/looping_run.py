"""`splitdet run` on a clip without end: python looping_run.py CLIP RATE [ARGUMENT ..]."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import cv2
import numpy as np

import splitdet.run
from splitdet.cli.main import main
from splitdet.sources.base import Source
from splitdet.types import Frame

FIRST, COUNT = 60, 60
"""The frames that are repeated; in `bikes.mp4` there is a bus in them."""


class LoopingSource(Source):
    """Like a camera that sees the same seconds for ever.

    Args:
        rate: frames per second.
    """

    live = True

    def __init__(self, path: str, rate: float) -> None:
        super().__init__(path)
        capture = cv2.VideoCapture(path)
        read: List[Optional[np.ndarray]] = [capture.read()[1] for _ in range(FIRST + COUNT)]
        self._images = [image for image in read[FIRST:] if image is not None]
        self._rate = rate
        self._closed = threading.Event()

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        begin_s = time.perf_counter()
        self._closed.wait(max(0.0, self._began_s + self._index / self._rate - begin_s))
        image = self._images[self._index % len(self._images)].copy()
        return self._frame(image, self.name, None, begin_s)

    def close(self) -> None:
        """See `Source.close`."""
        self._closed.set()


if __name__ == "__main__":
    splitdet.run.open_source = lambda *unused: LoopingSource(sys.argv[1], float(sys.argv[2]))
    main(["run", sys.argv[1], *sys.argv[3:]])
