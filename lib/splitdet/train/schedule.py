"""How the learning rate goes over a run."""

from __future__ import annotations

import math


def learning_rate(step: int, steps: int, warmup_steps: int, greatest: float) -> float:
    """Up in a straight line, then down along half a cosine (Loshchilov and Hutter 2017, eq. 5).

    Args:
        step: from 0 to `steps` - 1.
    """
    if step < warmup_steps:
        return greatest * (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(1, steps - warmup_steps)
    return greatest * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
