"""Which pixels of a picture a resize reads, and in which strips it goes through them.

The positions are those of TensorFlow's `resize_bilinear` kernel (CPU, `align_corners` and
`half_pixel_centers` both false); see `splitdet.resize`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import List, NamedTuple, Optional

import numpy as np

_STRIP_VALUES = 90_000
"""Floats in the work of one strip; what a strip needs then fits into a core's own cache."""


class Rows(NamedTuple):
    """Which rows of a picture the rows of the result lie between."""

    needed: np.ndarray
    """intp (n,), the rows that are read, rising."""
    all_needed: bool
    above: np.ndarray
    """int32 (h,), the upper row of each row of the result, as a place in `needed`."""
    below: np.ndarray
    """int32 (h,), the lower one likewise."""
    share: np.ndarray
    """float32 (h,), how far each is from its upper row, 0..1."""


def needed_rows(height: int, wanted: int) -> Rows:
    """The rows of a picture `height` pixels high that its resize to `wanted` rows reads."""
    y = _axis(height, wanted)
    needed, places = np.unique(np.concatenate([y.lower, y.upper]), return_inverse=True)
    above, below = places.reshape(2, wanted).astype(np.int32)
    return Rows(needed, len(needed) == height, above, below, y.share)


class _Axis(NamedTuple):
    """Between which two pixels each pixel of the result falls, along one axis of n pixels."""

    lower: np.ndarray
    """intp (n,), the pixel before it."""
    upper: np.ndarray
    """intp (n,), the pixel behind it."""
    share: np.ndarray
    """float32 (n,), how far it is from the first, 0..1."""


class Strip(NamedTuple):
    """Rows of the result that are computed together, so that they stay in the cache."""

    begin: int
    """First row of the result."""
    end: int
    """Behind its last row."""
    rows: np.ndarray
    """intp (n,), the rows of the picture that it needs. Without `above` and `below`: first the upper
    ones, then, where the rows of the result fall between rows, as many lower ones."""
    run: Optional[slice]
    """The same rows, where they follow one another."""
    above: Optional[np.ndarray]
    """intp (end - begin,), the upper row of each as a place in `rows`."""
    below: Optional[np.ndarray]
    """intp (end - begin,), the lower row likewise."""
    share: np.ndarray
    """float32 (end - begin, 1), how far each is from its upper row, 0..1."""


class Plan(NamedTuple):
    """All that depends on the sizes alone."""

    width: int
    """Of the picture, pixels."""
    x: _Axis
    between_columns: bool
    """Whether any column of the result falls between two of the picture."""
    between_rows: bool
    """Whether any row does."""
    share_x: np.ndarray
    """float32 (most rows of a strip, 3w): `x.share` for each channel, repeated over the rows.
    Arrays of one shape are multiplied at twice the speed of a row spread over many."""
    strips: List[Strip]


@lru_cache(maxsize=16)
def make_plan(height: int, width: int, rows: int, columns: int) -> Plan:
    """How a picture of `height` x `width` pixels becomes one of `rows` x `columns`."""
    x, y = _axis(width, columns), _axis(height, rows)
    between = bool(y.share.any())
    step = max(1, _STRIP_VALUES // (columns * 6))
    strips = [_strip(y, begin, min(begin + step, rows), between) for begin in range(0, rows, step)]
    most = max(len(strip.rows) for strip in strips)
    share_x = np.tile(np.repeat(x.share, 3), (most, 1))
    return Plan(width, x, bool(x.share.any()), between, share_x, strips)


def _axis(size: int, wanted: int) -> _Axis:
    """Where `wanted` pixels fall among `size`; every step in float32, as in the kernel."""
    scale = np.float32(size) / np.float32(wanted)
    position = np.arange(wanted, dtype=np.float32) * scale
    before = np.floor(position)
    lower = before.astype(np.intp)
    # the kernel takes ceil(position); the two differ only where the share is 0, so never in the result
    return _Axis(lower, np.minimum(lower + 1, size - 1), position - before)


def _strip(y: _Axis, begin: int, end: int, between: bool) -> Strip:
    """The rows `begin` to `end` of the result."""
    lower, upper = y.lower[begin:end], y.upper[begin:end]
    share = y.share[begin:end, np.newaxis]
    if not between:
        return Strip(begin, end, lower, _run(lower), None, None, share)
    both = np.concatenate([lower, upper])
    rows, places = np.unique(both, return_inverse=True)
    if len(rows) > 0.8 * len(both):  # too few are shared to pay for a copy of each line
        return Strip(begin, end, both, None, None, None, share)
    places = places.reshape(2, end - begin)
    return Strip(begin, end, rows, _run(rows), places[0], places[1], share)


def _run(rows: np.ndarray) -> Optional[slice]:
    """The slice that stands for these rows, where there is one."""
    return slice(int(rows[0]), int(rows[-1]) + 1) if (np.diff(rows) == 1).all() else None
