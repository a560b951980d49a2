"""A frame as it is shown and saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence

import numpy as np

from splitdet.labels import Labels
from splitdet.polygon import Polygon
from splitdet.types import Detections
from splitdet.visualize.draw import draw_found, draw_notes, draw_roi


@dataclass(frozen=True)
class Painter:
    """Draws what was found into copies of frames. It can be pickled, to draw in another process."""

    labels: Labels
    roi: Polygon = ()

    def paint(self, image: np.ndarray, found: Detections, notes: Sequence[str] = ()) -> np.ndarray:
        """A picture with the results drawn.

        Args:
            image: uint8 (H, W, 3), BGR; it is not changed.
            notes: lines for the top left corner.
        """
        picture: np.ndarray = image.copy()
        if self.roi:
            draw_roi(picture, self.roi)
        draw_found(picture, found, self.labels)
        draw_notes(picture, notes)
        return picture


def fps_notes(fps: float, wanted: bool) -> List[str]:
    """The detection rate as a note, where that is wanted."""
    return [f"FPS {fps:.1f}"] if wanted else []
