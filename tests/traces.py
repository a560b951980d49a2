"""Batches whose times are known, for tests of traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np

from splitdet.types import Batch, Frame


def timed_batch(frames: Sequence[int], begin_s: float, threads: Dict[str, int], **spans_s: Any) -> Batch:
    """A batch of frames that were read in turn, 1 ms each, from `begin_s` on."""
    image = np.zeros((2, 2, 3), np.uint8)
    made = [
        Frame(image, index, "a", 0.0, begin_s + 0.001 * place, 0.001)
        for place, index in enumerate(frames, 1)
    ]
    return Batch(made, spans_s=spans_s, threads=threads)


def pipelined(count: int, from_s: float, feeders: int = 1) -> List[Batch]:
    """Batches of one frame; the accelerator takes 10 ms, and the NMS 4 ms while the next is there."""
    batches = []
    for index in range(count):
        begin_s = from_s + 0.01 * index
        spans_s = {
            "prepare": (begin_s + 0.001, begin_s + 0.002),
            "accelerator": (begin_s + 0.002, begin_s + 0.012),
            "cpu": (begin_s + 0.012, begin_s + 0.016),
        }
        batches.append(timed_batch([index], begin_s, {"accelerator": index % feeders}, **spans_s))
    return batches


def write_trace(path: Path, batches: Sequence[Batch], **about: Any) -> Path:
    """A trace of these batches."""
    from splitdet.trace.write import TraceWriter

    writer = TraceWriter(str(path), about)
    for batch in batches:
        writer.batch_done(batch)
    writer.close()
    return path
