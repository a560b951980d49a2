"""Whether an engine computes what TensorFlow computes, and how fast each of them is here."""

from __future__ import annotations

import time
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Dict, Mapping, NamedTuple

import numpy as np

from splitdet.plan import Front
from splitdet.types import Tensors

TOLERANCE = {"fp32": 1e-3, "fp16": 0.02, "bf16": 0.1, "int8": 0.25}
"""Largest difference of a score, or of a box edge (0..1), by precision."""
TRIAL_S = 0.2
ROUNDS = 4
ENOUGH_S = 10.0
"""Time after which no other round is begun: where a frame takes seconds, one tells enough."""
SIZE_PX = (480, 640)


class Difference(NamedTuple):
    """How far raw outputs are apart, at most."""

    boxes: float
    """Edges, 0..1 of the frame."""
    scores: float
    """0..1."""
    pixels: float = 0.0
    """Share of the pixels that have another class, 0..1."""

    def within(self, tolerance: float) -> bool:
        """Whether neither is larger than `tolerance`; NaN is."""
        return all(far <= tolerance for far in self)


def trial_picture() -> np.ndarray:
    """A picture with edges, slopes and noise of several sizes: uint8 (H, W, 3), BGR."""
    random = np.random.RandomState(0)
    height, width = SIZE_PX
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.stack([rows * 255 / height, columns * 255 / width, np.full(SIZE_PX, 90.0)], axis=2)
    for cell in (80, 20, 4):
        coarse = random.uniform(-50, 50, (height // cell, width // cell, 3))
        picture += np.repeat(np.repeat(coarse, cell, 0), cell, 1)
    for _ in range(12):
        top, left = random.randint(0, height - 60), random.randint(0, width - 60)
        bottom, right = top + random.randint(20, 200), left + random.randint(20, 200)
        picture[top:bottom, left:right] = random.uniform(0, 255, 3)
    return np.asarray(np.clip(picture, 0, 255).astype(np.uint8))


def compare(front: Front, reference: Tensors, image: np.ndarray) -> Difference:
    """The raw outputs for `image` against those of TensorFlow: the tensors of the cut, or the class of
    each pixel alone.

    Anchors have their places. Proposals of a first stage come by their scores, which differ in the
    last digits, so that two may have changed places; each is then compared with the one nearest to it.
    """
    found = front.run(front.prepare([image]))
    if len(found) == 1:
        return Difference(0.0, 0.0, float(np.mean(found[0] != reference[0])))
    roles = [port.role for port in front.model.parts.cut]
    ours, wanted = (_candidates(dict(zip(roles, tensors))) for tensors in (found, reference))
    return (_apart_as_sets if "count" in roles else _apart)(ours, wanted)


class _Candidates(NamedTuple):
    """What goes into an NMS."""

    scores: np.ndarray
    """float32 (N, classes)."""
    boxes: np.ndarray
    """float32 (N, 4 for each class or for all), 0..1 of the frame."""


def _candidates(cut: Mapping[str, np.ndarray]) -> _Candidates:
    """Those of one frame: the tensors of a cut by their roles."""
    scores, boxes = cut["scores"][0], cut["boxes"][0]
    count = int(cut["count"][0]) if "count" in cut else len(scores)
    if "window" in cut:  # that of two-stage detectors is in pixels, as their boxes are
        window = cut["window"].reshape(-1, 4)[0]  # one for each frame, or one for all
        boxes = boxes / np.tile(window[2:] - window[:2], 2)
    return _Candidates(scores[:count], boxes.reshape(len(boxes), -1)[:count])


def _apart(ours: _Candidates, wanted: _Candidates) -> Difference:
    return Difference(
        boxes=float(np.abs(ours.boxes - wanted.boxes).max()),
        scores=float(np.abs(ours.scores - wanted.scores).max()),
    )


def _apart_as_sets(ours: _Candidates, wanted: _Candidates) -> Difference:
    """How far any of either is from what is nearest to it in the other, at most."""
    if not len(ours.scores) or not len(wanted.scores):
        far = 0.0 if len(ours.scores) == len(wanted.scores) else float("inf")
        return Difference(far, far)
    far_ours = [_to_nearest(scores, boxes, wanted) for scores, boxes in zip(*ours)]
    far_wanted = [_to_nearest(scores, boxes, ours) for scores, boxes in zip(*wanted)]
    return Difference(*np.max([*far_ours, *far_wanted], axis=0).tolist())


def _to_nearest(scores: np.ndarray, boxes: np.ndarray, others: _Candidates) -> Difference:
    """From one candidate to that of `others` which is most like it."""
    of_boxes = np.abs(others.boxes - boxes).max(axis=1)
    of_scores = np.abs(others.scores - scores).max(axis=1)
    best = np.maximum(of_boxes, of_scores).argmin()
    return Difference(of_boxes[best], of_scores[best])


def frames_per_second(fronts: Mapping[str, Front], image: np.ndarray, feeders: int) -> Dict[str, float]:
    """How fast each of `fronts` is with so many threads, its preparation included.

    They run in turn, several times, and the best time of each counts: the first is slow, and
    whatever else the machine does meanwhile hits all of them alike.
    """
    rates = dict.fromkeys(fronts, 0.0)
    begin_s = time.perf_counter()
    with ThreadPoolExecutor(feeders) as pool:
        for round_index in range(ROUNDS):
            if round_index and time.perf_counter() > begin_s + ENOUGH_S:
                break
            for name, front in fronts.items():
                rates[name] = max(rates[name], _rate(pool, front, image, feeders))
    return rates


def _rate(pool: Executor, front: Front, image: np.ndarray, feeders: int) -> float:
    begin_s = time.perf_counter()

    def work() -> int:
        count = 0
        while not count or time.perf_counter() < begin_s + TRIAL_S:
            front.run(front.prepare([image]))
            count += 1
        return count

    counts = [pool.submit(work) for _ in range(feeders)]
    done = sum(count.result() for count in counts)
    return done / (time.perf_counter() - begin_s)
