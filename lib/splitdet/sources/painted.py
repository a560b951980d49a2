"""A number painted into a picture, to be read back from it after encoding, network and decoding.

With the time as the number this is a clock: what comes out of a pipeline tells when it went in.
"""

from __future__ import annotations

import time
from typing import Optional

import numpy as np

BITS = 40
_CHECK_BITS = 8
_COLUMNS, _ROWS = 8, 6
_BLOCK_PX = 16  # that of a macroblock, so that a coder keeps it
_BLACK, _WHITE = 16, 235
PAINTED_PX = (_ROWS * _BLOCK_PX, _COLUMNS * _BLOCK_PX)
"""Height and width that it takes, at the top left."""


def paint_number(image: np.ndarray, number: int) -> None:
    """Paint the low 40 bits of `number` into the top left of `image`.

    Args:
        image: uint8 (H, W, 3), at least `PAINTED_PX`; changed in place.
    """
    number &= (1 << BITS) - 1
    word = number << _CHECK_BITS | _check(number)
    bits = [word >> place & 1 for place in reversed(range(BITS + _CHECK_BITS))]
    blocks = np.where(np.array(bits).reshape(_ROWS, _COLUMNS), _WHITE, _BLACK).astype(np.uint8)
    cells = np.kron(blocks, np.ones((_BLOCK_PX, _BLOCK_PX), np.uint8))
    image[: PAINTED_PX[0], : PAINTED_PX[1]] = cells[:, :, np.newaxis]


def read_number(image: np.ndarray) -> Optional[int]:
    """The number in the picture; None where none can be read.

    Args:
        image: uint8 (H, W, 3).
    """
    if image.shape[0] < PAINTED_PX[0] or image.shape[1] < PAINTED_PX[1]:
        return None
    area = image[: PAINTED_PX[0], : PAINTED_PX[1]].mean(axis=2)
    blocks = area.reshape(_ROWS, _BLOCK_PX, _COLUMNS, _BLOCK_PX)[:, 4:-4, :, 4:-4].mean(axis=(1, 3))
    word = 0
    for bit in (blocks.ravel() > (_BLACK + _WHITE) / 2).tolist():
        word = word << 1 | bit
    number, check = word >> _CHECK_BITS, word & ((1 << _CHECK_BITS) - 1)
    return number if check == _check(number) else None


def paint_clock(image: np.ndarray) -> None:
    """Paint the time of now, by the clock that all processes of a machine share (Linux)."""
    paint_number(image, int(time.perf_counter() * 1e6))


def age_s(image: np.ndarray) -> Optional[float]:
    """Seconds since `paint_clock`; None where no clock can be read."""
    then = read_number(image)
    if then is None:
        return None
    return ((int(time.perf_counter() * 1e6) - then) & ((1 << BITS) - 1)) / 1e6


def _check(number: int) -> int:
    """Eight bits that a black, white or torn picture does not have by chance."""
    sum_of_bytes = sum(number >> shift & 0xFF for shift in range(0, BITS, 8))
    return (sum_of_bytes ^ 0x5A) & 0xFF
