"""The boxes that predictions start from, as the zoo's detectors have them.

Six feature maps, with scales from 0.2 to 0.95 in even steps (Liu et al. 2016, section 2.2). In each
cell: the ratios 1, 2, 1/2, 3 and 1/3 at the scale of the map, and ratio 1 at the geometric mean with
the next scale. The first map has three only: ratio 1 at scale 0.1, and ratios 2 and 1/2.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np

_LOWEST, _HIGHEST = 0.2, 0.95
_RATIOS = (1.0, 2.0, 0.5, 3.0, 0.3333)  # the zoo writes a third with four digits


def make_anchors(sides: Sequence[int]) -> np.ndarray:
    """All anchors, map by map, row by row.

    Args:
        sides: cells along a side of each feature map.

    Returns:
        float32 (N, 4), ymin, xmin, ymax, xmax, in parts of the picture.
    """
    scales = [*np.linspace(_LOWEST, _HIGHEST, len(sides)), 1.0]
    found = []
    for number, side in enumerate(sides):
        centres = (np.stack(np.meshgrid(*[np.arange(side)] * 2, indexing="ij"), -1) + 0.5) / side
        shapes = _shapes(scales[number], scales[number + 1], lowest=number == 0)
        sizes = np.array([(scale / ratio**0.5, scale * ratio**0.5) for scale, ratio in shapes])
        centres = np.repeat(centres.reshape(-1, 2), len(sizes), axis=0)
        halves = np.tile(sizes, (side * side, 1)) / 2
        found.append(np.hstack([centres - halves, centres + halves]))
    return np.concatenate(found).astype(np.float32)


def _shapes(scale: float, following: float, lowest: bool) -> List[Tuple[float, float]]:
    """Scale and ratio, width by height, of each anchor in a cell."""
    if lowest:
        return [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]
    return [*((scale, ratio) for ratio in _RATIOS), ((scale * following) ** 0.5, 1.0)]
