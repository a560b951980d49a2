"""What lies between the threads of a pipeline.

Nothing here polls: whoever has nothing to do blocks on a condition, and `abort` wakes everyone.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import defaultdict, deque
from itertools import islice, takewhile
from typing import Deque, Dict, Generic, List, Optional, Tuple, TypeVar

from splitdet.types import Frame

T = TypeVar("T")


class Finished(Exception):
    """There is nothing more to get; `total` says how many there were."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self.total = total


class Aborted(Exception):
    """The pipeline is being stopped."""


class _Abortable:
    """Something that threads wait for, until it is aborted."""

    def __init__(self) -> None:
        self._aborted = False
        self._changed = threading.Condition()

    def abort(self) -> None:
        """Wake everyone who waits, with `Aborted`."""
        with self._changed:
            self._aborted = True
            self._changed.notify_all()


class Channel(_Abortable, Generic[T]):
    """Hands numbered items from the threads of one stage to those of the next.

    `put` never blocks: what bounds a channel is that the pipeline lets only so many items in
    (`Permits`).

    Args:
        in_order: give items strictly in the order of their numbers, from 0 on. Otherwise the
            lowest number that is there comes first.
    """

    def __init__(self, in_order: bool) -> None:
        super().__init__()
        self._in_order = in_order
        self._items: List[Tuple[int, T]] = []  # a heap; numbers differ, so items are never compared
        self._given = 0
        self._total: Optional[int] = None

    def put(self, number: int, item: T) -> None:
        """Add an item."""
        with self._changed:
            heapq.heappush(self._items, (number, item))
            self._changed.notify()

    def get(self) -> Tuple[int, T]:
        """Wait for an item.

        Raises:
            Finished: all have been given.
            Aborted: the pipeline is being stopped.
        """
        with self._changed:
            while True:
                if self._aborted:
                    raise Aborted
                if self._items and not (self._in_order and self._items[0][0] != self._given):
                    self._given += 1
                    return heapq.heappop(self._items)
                if self._given == self._total:
                    raise Finished(self._given)
                self._changed.wait()

    def finish(self, total: int) -> None:
        """Say how many items there will have been."""
        with self._changed:
            self._total = total
            self._changed.notify_all()


class Permits(_Abortable):
    """Lets only so many batches be under way at once."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._free = count

    def take(self) -> None:
        """Wait for a permit; Aborted when the pipeline is being stopped."""
        with self._changed:
            while not self._free and not self._aborted:
                self._changed.wait()
            if self._aborted:
                raise Aborted
            self._free -= 1

    def give_back(self) -> None:
        """A batch has left."""
        with self._changed:
            self._free += 1
            self._changed.notify()


class Gate(_Abortable):
    """Lets everyone through, unless it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._is_open = True

    def move(self, is_open: bool) -> None:
        """Open or close it."""
        if is_open != self._is_open:
            with self._changed:
                self._is_open = is_open
                self._changed.notify_all()

    def pass_through(self) -> None:
        """Wait until it is open; Aborted when the pipeline is being stopped."""
        if self._is_open:
            return
        with self._changed:
            while not self._is_open and not self._aborted:
                self._changed.wait()
            if self._aborted:
                raise Aborted


class Inlet(_Abortable):
    """Where frames come in: the one place in which a frame may be dropped.

    A file must not lose a frame, so its reader waits when the inlet is full (`lossless`). A camera
    does not wait: a frame that nobody has taken when a full inlet gets the next one is already
    old, so it is dropped and counted (`latest`). Of several cameras each has room of its own, and
    keeps its turn. Frames are taken by one thread.

    Args:
        capacity: frames that may wait here; for `latest`, of each stream, and no more than go through
            the model at once: with one, the frame taken is always the newest.
        limit: give no more frames than this; 0 for no limit.
        batch_timeout_s: how old a frame may get here waiting for others to go with it; seconds
            since it was captured.
    """

    SUPERSEDED = "superseded by a newer frame"
    STOPPED = "unfinished when the run stopped"

    def __init__(
        self, lossless: bool, capacity: int, limit: int = 0, batch_timeout_s: float = 0.0
    ) -> None:
        super().__init__()
        self._lossless = lossless
        self._capacity = capacity
        self._limit = limit
        self._batch_timeout_s = batch_timeout_s
        self._frames: Deque[Frame] = deque()
        self._batches = 0
        self._ended = False
        self.captured = 0
        """Frames that came in."""
        self.captured_of: Dict[int, int] = defaultdict(int)
        """Of each stream."""
        self.taken = 0
        """Frames that went on to the first stage."""
        self.superseded = 0
        """Frames dropped because a newer one came."""

    @property
    def waiting(self) -> int:
        """Frames that came in, but have not been taken or dropped."""
        return len(self._frames)

    def put(self, frame: Frame) -> None:
        """Add a frame; Aborted when no more are wanted."""
        with self._changed:
            while self._lossless and len(self._frames) >= self._capacity and not self._aborted:
                self._changed.wait()
            if self._aborted:
                raise Aborted
            self.captured += 1
            self.captured_of[frame.stream] += 1
            if self._lossless or not self._supersede(frame):
                self._frames.append(frame)
            self._changed.notify()  # only those who take can be waiting now

    def _supersede(self, frame: Frame) -> bool:
        """Let the frame take the turn of the oldest of its stream, if that has no more room here."""
        same = [place for place, other in enumerate(self._frames) if other.stream == frame.stream]
        if len(same) < self._capacity:
            return False
        for place, later in zip(same, same[1:]):
            self._frames[place] = self._frames[later]
        self._frames[same[-1]] = frame
        self.superseded += 1
        return True

    def take(self, most: int) -> Tuple[int, List[Frame]]:
        """Wait for a frame, and take those of its size that follow it, up to `most`.

        A batch that is not full waits for more frames until its first one is `batch_timeout_s` old;
        not when the source has ended or a frame of another size comes next.

        Returns:
            the number of the batch, counting from 0, and its frames.

        Raises:
            Finished: all have been taken.
            Aborted: the pipeline is being stopped.
        """
        with self._changed:
            if self._limit:
                most = min(most, self._limit - self.taken)
            while True:
                if self._aborted:
                    raise Aborted
                if most <= 0 or (self._ended and not self._frames):
                    raise Finished(self._batches)
                wait_s = self._company_s(most) if self._frames else None
                if wait_s is not None and wait_s <= 0:
                    break
                self._changed.wait(wait_s)
            frames = [self._frames.popleft() for _ in range(self._matching(most))]
            self.taken += len(frames)
            self._batches += 1
            self._changed.notify()  # only the source can be waiting now
            return self._batches - 1, frames

    def _matching(self, most: int) -> int:
        """How many of the frames that wait can go together, up to `most`."""
        shape = self._frames[0].pixels.shape
        same = takewhile(lambda frame: frame.pixels.shape == shape, self._frames)
        return sum(1 for _ in islice(same, most))

    def _company_s(self, most: int) -> float:
        """For how long the first frame may still wait for others; seconds."""
        count = self._matching(most)
        if count == most or count < len(self._frames) or self._ended:
            return 0.0
        if self._lossless and len(self._frames) >= self._capacity:
            return 0.0  # the source waits for room; cameras have room of their own, and do not wait
        return self._frames[0].captured_s + self._batch_timeout_s - time.perf_counter()

    def finish(self) -> None:
        """No more frames will come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
