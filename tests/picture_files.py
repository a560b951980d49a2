"""Folders of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

import cv2
import numpy as np


def random_pictures(count: int, height_px: int = 16, width_px: int = 16) -> np.ndarray:
    """Noise: uint8 (count, H, W, 3)."""
    shape = (count, height_px, width_px, 3)
    return np.random.RandomState(1).randint(0, 256, shape).astype(np.uint8)


def write_pictures(folder: Path, pictures: Iterable[np.ndarray]) -> Path:
    """Write `00.png`, `01.png`, .. into a folder, which is made."""
    folder.mkdir()
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{number:02}.png"), picture.astype(np.uint8))
    return folder
