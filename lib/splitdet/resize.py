"""Pictures brought to the size of a network's input, to the bit as TensorFlow does it.

The formula is that of TensorFlow's `resize_bilinear` kernel (CPU, `align_corners` and
`half_pixel_centers` both false), in float32 and in its order: along x first, then along y. The kernel
multiplies and adds in two steps, each rounded, and so does this module; a fused multiply-add would
give other bits. OpenCV's own interpolation samples elsewhere and rounds otherwise, so only its
conversions and its arithmetic on whole arrays are used.
"""

from __future__ import annotations

import threading
from typing import NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from splitdet.resize_plan import Plan, Strip, make_plan, needed_rows
from splitdet.types import check_image

__all__ = ["needed_rows", "resize_batch", "resize_bilinear"]


def resize_bilinear(
    image: np.ndarray, size: Tuple[int, int], out: Optional[np.ndarray] = None
) -> np.ndarray:
    """A picture at another size: TensorFlow's `resize_bilinear` of it as float32 RGB, bit by bit.

    Safe to call from several threads; nearly all of the time the interpreter is free for others.

    Args:
        image: uint8 (H, W, 3), BGR.
        size: height and width of the result, pixels.
        out: float32 (h, w, 3), contiguous; the result is written here.

    Returns:
        float32 (h, w, 3), RGB, 0..255. `out` where that is given.

    Raises:
        ValueError: `image`, `size` or `out` is not as described.
    """
    check_image(image)
    height, width = size
    if height < 1 or width < 1:
        raise ValueError(f"a size must be at least 1 x 1 pixels; got {height} x {width}")
    if out is None:
        out = np.empty((height, width, 3), np.float32)
    elif out.shape != (height, width, 3) or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise ValueError(
            f"out must be a contiguous float32 array of shape {(height, width, 3)}; "
            f"got {out.dtype} {out.shape}"
        )
    if image.shape[:2] == (height, width):
        np.copyto(out, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        return out
    plan = make_plan(image.shape[0], image.shape[1], height, width)
    image = np.ascontiguousarray(image)  # `take` would copy a part of a picture once for each strip
    lines = out.reshape(height, width * 3)
    for strip, room in zip(plan.strips, _rooms_of(plan)):
        _resize_strip(image, plan, strip, room, lines[strip.begin : strip.end])
    return out


def resize_batch(images: Sequence[np.ndarray], size: Tuple[int, int]) -> np.ndarray:
    """Pictures, each uint8 (H, W, 3), BGR, of any sizes, as one batch.

    Returns:
        float32 (B, h, w, 3), RGB, 0..255; each picture as `resize_bilinear` gives it.
    """
    batch = np.empty((len(images), *size, 3), np.float32)
    for image, out in zip(images, batch):
        resize_bilinear(image, size, out)
    return batch


class _Room(NamedTuple):
    """Memory for one strip. Fresh memory and fresh views would cost a good part of the whole time."""

    picked: np.ndarray
    """uint8 (n, W, 3), rows of the picture, BGR."""
    wide: np.ndarray
    """uint8 (n, W, 4), those in RGBA: numpy picks items of four bytes far faster than of three."""
    pixels: np.ndarray
    """uint32 (n, W), the same memory."""
    left: np.ndarray
    """uint32 (n, w), the left pixels."""
    right: np.ndarray
    """uint32 (n, w), the right ones."""
    pairs: np.ndarray
    """uint8 (n or 2n, w, 4), both, the same memory; RGBA."""
    narrow: np.ndarray
    """uint8 (n or 2n, w, 3), both in RGB."""
    left_rgb: np.ndarray
    """uint8 (n, 3w), the same memory."""
    right_rgb: np.ndarray
    """uint8 (n, 3w), the same memory."""
    share_x: np.ndarray
    """float32 (n, 3w), how far each is from its left pixel."""
    lines: np.ndarray
    """float32 (n, 3w), the rows at the width of the result."""
    above: np.ndarray
    """float32 (rows of the result, 3w), the upper line of each."""
    below: np.ndarray
    """float32 (rows of the result, 3w), the lower one."""


class _Rooms(threading.local):
    """Each thread's memory for its last plan."""

    plan: Optional[Plan] = None
    rooms: Tuple[_Room, ...] = ()


_rooms = _Rooms()


def _rooms_of(plan: Plan) -> Tuple[_Room, ...]:
    """This thread's memory, one for each strip; all lie in the same place."""
    if _rooms.plan is not plan:
        rows, width = len(plan.share_x), len(plan.x.lower)
        sides = 1 + plan.between_columns
        # what is no longer needed gives its place to what comes next: the cache is small
        first = np.empty(rows * max(plan.width * 3, sides * width * 4), np.uint8)
        second = np.empty(rows * max(plan.width * 4, width * 12), np.uint8)
        third = np.empty(rows * sides * width * 3, np.uint8)
        most = max(strip.end - strip.begin for strip in plan.strips)
        ends = np.empty((2, 0 if plan.strips[0].above is None else most, width * 3), np.float32)
        _rooms.rooms = tuple(_room(plan, strip, first, second, third, ends) for strip in plan.strips)
        _rooms.plan = plan
    return _rooms.rooms


def _room(
    plan: Plan,
    strip: Strip,
    first: np.ndarray,
    second: np.ndarray,
    third: np.ndarray,
    ends: np.ndarray,
) -> _Room:
    """Views of the memory for one strip."""
    count, rows, width = len(strip.rows), strip.end - strip.begin, len(plan.x.lower)
    sides = 1 + plan.between_columns
    wide = second[: count * plan.width * 4].reshape(count, plan.width, 4)
    pairs = first[: sides * count * width * 4].reshape(sides * count, width, 4)
    items = pairs.view(np.uint32).reshape(sides, count, width)
    narrow = third[: sides * count * width * 3].reshape(sides * count, width, 3)
    rgb = narrow.reshape(sides, count, width * 3)
    lines = second[: count * width * 12].view(np.float32).reshape(count, width * 3)
    apart = strip.above is None
    return _Room(
        picked=first[: count * plan.width * 3].reshape(count, plan.width, 3),
        wide=wide,
        pixels=wide.view(np.uint32).reshape(count, plan.width),
        left=items[0],
        right=items[-1],
        pairs=pairs,
        narrow=narrow,
        left_rgb=rgb[0],
        right_rgb=rgb[-1],
        share_x=plan.share_x[:count],
        lines=lines,
        above=lines[:rows] if apart else ends[0, :rows],
        below=lines[rows:] if apart else ends[1, :rows],
    )


def _resize_strip(image: np.ndarray, plan: Plan, strip: Strip, room: _Room, result: np.ndarray) -> None:
    """Compute some rows of the result, float32 (rows, 3w)."""
    # clip: no index is out of range, and numpy then writes to its place without a copy of its own
    run, rows = strip.run, strip.rows
    picked = image[run] if run is not None else image.take(rows, 0, room.picked, "clip")
    cv2.cvtColor(picked, cv2.COLOR_BGR2RGBA, room.wide)
    room.pixels.take(plan.x.lower, 1, room.left, "clip")
    if plan.between_columns:
        room.pixels.take(plan.x.upper, 1, room.right, "clip")
    cv2.cvtColor(room.pairs, cv2.COLOR_BGRA2BGR, room.narrow)
    lines = room.lines
    if plan.between_columns:
        cv2.subtract(room.right_rgb, room.left_rgb, lines, dtype=cv2.CV_32F)
        cv2.multiply(lines, room.share_x, lines)
        cv2.accumulate(room.left_rgb, lines)
    else:
        np.copyto(lines, room.left_rgb)
    if not plan.between_rows:
        np.copyto(result, lines)
        return
    above, below = room.above, room.below
    if strip.above is not None and strip.below is not None:
        lines.take(strip.above, 0, above, "clip")
        lines.take(strip.below, 0, below, "clip")
    np.subtract(below, above, below)
    np.multiply(below, strip.share, below)
    np.add(above, below, result)
