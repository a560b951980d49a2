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
    """The raw outputs for `image` against those of TensorFlow: scores and boxes first, or the class of
    each pixel alone.
    """
    found = front.run(front.prepare([image]))
    if len(found) == 1:
        return Difference(0.0, 0.0, float(np.mean(found[0] != reference[0])))
    scores, boxes = found[:2]
    return Difference(
        boxes=float(np.abs(boxes - reference[1]).max()),
        scores=float(np.abs(scores - reference[0]).max()),
    )


def frames_per_second(fronts: Mapping[str, Front], image: np.ndarray, feeders: int) -> Dict[str, float]:
    """How fast each of `fronts` is with so many threads, its preparation included.

    They run in turn, several times, and the best time of each counts: the first is slow, and
    whatever else the machine does meanwhile hits all of them alike.
    """
    rates = dict.fromkeys(fronts, 0.0)
    with ThreadPoolExecutor(feeders) as pool:
        for _ in range(ROUNDS):
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
