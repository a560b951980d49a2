"""Pictures and their boxes, as training takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import numpy as np


@dataclass(frozen=True)
class Sample:
    """A picture with its objects."""

    name: str
    """What messages call it."""
    pixels: Callable[[], np.ndarray]
    """Gives the picture, uint8 (H, W, 3), BGR; DataError where it cannot be read."""
    boxes: np.ndarray
    """float32 (K, 4): ymin, xmin, ymax, xmax, 0..1 of the picture."""
    classes: np.ndarray
    """int64 (K,): class ids, from 1 on."""
    part: str = ""
    """train, val, test, or '' where the dataset is not divided."""
