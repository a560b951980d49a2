"""The same work on many things, side by side."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, Deque, Iterable, Iterator, TypeVar

Input = TypeVar("Input")
Output = TypeVar("Output")


def ordered_map(
    work: Callable[[Input], Output], things: Iterable[Input], workers: int = 0
) -> Iterator[Output]:
    """`map` with threads: results in order, and only a few things under way at once.

    `Executor.map` takes all of its input at the start; a dataset does not fit into memory.

    Args:
        workers: threads; 0: one for each core.
    """
    workers = workers or os.cpu_count() or 1
    waiting: Deque[Future[Output]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for thing in things:
                waiting.append(pool.submit(work, thing))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
