"""Whether an engine computes what TensorFlow computes, and how fast each of them is here."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from splitdet.plan import Front
from splitdet.types import Tensors

TOLERANCE = {"fp32": 1e-3, "fp16": 0.02, "bf16": 0.1, "int8": 0.25}
"""Largest difference of a score, or of a box edge (0..1), by precision."""
TRIAL_S = 0.4
SIZE_PX = (480, 640)


class Difference(NamedTuple):
    """How far raw outputs are apart, at most."""

    boxes: float
    """Edges, 0..1 of the frame."""
    scores: float
    """0..1."""

    def within(self, tolerance: float) -> bool:
        """Whether neither is larger than `tolerance`; NaN is."""
        return self.boxes <= tolerance and self.scores <= tolerance


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
    """The raw outputs for `image` against those of TensorFlow, both scores first."""
    scores, boxes = front.run(front.prepare([image]))[:2]
    return Difference(
        boxes=float(np.abs(boxes - reference[1]).max()),
        scores=float(np.abs(scores - reference[0]).max()),
    )


def frames_per_second(front: Front, image: np.ndarray, feeders: int) -> float:
    """How fast `front` is with so many threads, its preparation included."""
    end_s = 0.0

    def work() -> int:
        count = 0
        while time.perf_counter() < end_s:
            front.run(front.prepare([image]))
            count += 1
        return count

    with ThreadPoolExecutor(feeders) as pool:
        for _ in range(2):  # the first time warms up
            begin_s = time.perf_counter()
            end_s = begin_s + TRIAL_S
            counts = [pool.submit(work) for _ in range(feeders)]
            done = sum(count.result() for count in counts)
            rate = done / (time.perf_counter() - begin_s)
    return rate
