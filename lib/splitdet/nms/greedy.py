"""The best boxes of a frame, one block of candidates after the other."""

from __future__ import annotations

from typing import Iterator, Optional

import numpy as np

from splitdet.nms.candidates import prepare
from splitdet.nms.kept import Kept
from splitdet.nms.settings import Clip, NmsSettings
from splitdet.types import Detections

_FIRST = 256
"""How many of the best candidates are looked at first; with 100 to keep, that is often enough."""


def suppress(
    boxes: np.ndarray,
    scores: np.ndarray,
    window: Optional[np.ndarray],
    settings: NmsSettings,
    at_least: float = 0.0,
    count: Optional[int] = None,
) -> Optional[Detections]:
    """What the graph's NMS keeps of one frame, best first; None where only the graph can tell.

    Args:
        boxes: float32 (N, 1, 4), or (N, C, 4) where each class has boxes of its own: ymin, xmin,
            ymax, xmax.
        scores: float32 (N, C).
        window: float32 (4,), what boxes are clipped to; not needed where the settings have it.
        at_least: least score that is wanted. The result is that of 0 without the lower scores,
            and comes sooner.
        count: only the first so many rows are boxes; None: all are.

    Raises:
        ValueError: the shapes do not fit, or a window is needed.
    """
    scores, boxes = scores[:count], boxes[:count]
    _check_shapes(boxes, scores)
    frame = _window(window, settings)
    with np.errstate(all="ignore"):  # numbers that are none, windows without area
        return _suppress(boxes, scores, frame, settings, at_least)


def _suppress(
    boxes: np.ndarray,
    scores: np.ndarray,
    window: Optional[np.ndarray],
    settings: NmsSettings,
    at_least: float,
) -> Optional[Detections]:
    flat = scores.reshape(-1)
    found = np.flatnonzero(flat > settings.lowest(at_least))
    rows, classes = np.divmod(found, scores.shape[1])
    values = flat[found]
    kept = Kept(settings, scores.shape[1])
    for chosen in _best_first(values, classes):
        of_class = classes[chosen]
        corners = boxes[rows[chosen], of_class if boxes.shape[1] > 1 else 0]
        some = prepare(corners, values[chosen], of_class, window, settings)
        if some is None or not kept.add(some):
            return None
        if kept.is_full:
            break
    return kept.detections()


def _check_shapes(boxes: np.ndarray, scores: np.ndarray) -> None:
    if (
        scores.ndim != 2
        or boxes.ndim != 3
        or (len(boxes), boxes.shape[2]) != (len(scores), 4)
        or boxes.shape[1] not in (1, scores.shape[1])
        or boxes.dtype != np.float32
        or scores.dtype != np.float32
    ):
        raise ValueError(
            "boxes and scores must be float32 (N, 1 or C, 4) and (N, C); got "
            f"{boxes.dtype} {boxes.shape} and {scores.dtype} {scores.shape}"
        )


def _window(window: Optional[np.ndarray], settings: NmsSettings) -> Optional[np.ndarray]:
    """The window that this frame needs, float32 (4,)."""
    if settings.window is not None:
        return np.array(settings.window, np.float32)
    if settings.clip != Clip.BEFORE and not settings.to_window_frame:
        return None
    if window is None or window.shape != (4,):
        given = "none" if window is None else str(window.shape)
        raise ValueError(f"this NMS needs a window of shape (4,); got {given}")
    return np.asarray(window, np.float32)


def _best_first(scores: np.ndarray, classes: np.ndarray) -> Iterator[np.ndarray]:
    """Indices in the order score, class, index; in pieces, equal scores always in the same one."""
    rest = np.arange(len(scores))
    wanted = _FIRST
    while len(rest):
        chosen = rest
        if len(rest) > 2 * wanted:
            of_rest = scores[rest]
            edge = np.partition(of_rest, len(rest) - wanted)[len(rest) - wanted]
            chosen, rest = rest[of_rest >= edge], rest[of_rest < edge]
        else:
            rest = rest[:0]
        yield chosen[np.lexsort((classes[chosen], -scores[chosen]))]
        wanted *= 8
