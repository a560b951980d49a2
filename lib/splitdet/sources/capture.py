"""What files and streams have in common: OpenCV's VideoCapture."""

from __future__ import annotations

from typing import Optional, Tuple

import cv2

from splitdet.sources.base import Source


class CaptureSource(Source):
    """A source that reads from an open `cv2.VideoCapture`, which it owns."""

    def __init__(self, name: str, capture: cv2.VideoCapture) -> None:
        super().__init__(name)
        self._capture = capture
        self._count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))

    def _rate(self, highest: float) -> Optional[float]:
        """Frames per second as the container or device says, if that can be."""
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        return rate if 0 < rate <= highest else None

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Source.size_px`."""
        height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        return (height, width) if height > 0 and width > 0 else None

    def close(self) -> None:
        """See `Source.close`."""
        self._capture.release()
