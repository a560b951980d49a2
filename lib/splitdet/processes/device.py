"""One device: a worker process on it, and the batches that it has not answered."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Future
from typing import Callable, Dict, List, Sequence, Union

import numpy as np

from splitdet.config import Config
from splitdet.errors import EngineError, SplitdetError, StageError
from splitdet.processes.ring import NoRoom, Ring, Slot
from splitdet.processes.serve import Answer, Place, Ready, Request, serve
from splitdet.processes.worker import Worker
from splitdet.types import Selection


class Lost(Exception):
    """The worker that had the batch is not there any more."""


class Device:
    """A worker, the memory that is shared with it, and the batches that it has not answered.

    Args:
        capacity: batches that it may have at once.
        lost: called with the reason when the worker has died.

    Raises:
        EngineError: there is no shared memory on this machine.
    """

    def __init__(
        self, place: Place, config: Config, capacity: int, lost: Callable[[SplitdetError], None]
    ) -> None:
        self.name = place.name
        self.capacity = capacity
        self.taken = 0
        """Batches that it has, or is about to get; counted by the pool."""
        self.ready: Future[str] = Future()
        """How its engine is described, once the model is loaded."""
        self.is_lost = False
        self._tell_lost = lost
        self._numbers = itertools.count()
        self._answers: Dict[int, Future[Answer]] = {}
        self._lock = threading.Lock()
        try:
            self._ring = Ring(capacity * config.batch_size)
        except NoRoom as error:
            raise EngineError(f"devices: {error}") from None
        self._worker = Worker(
            *(place.name, serve, self._ring, config, place), hear=self._hear, lost=self._lose
        )

    def submit(self, images: Sequence[np.ndarray], selection: Selection, where: str) -> Future[Answer]:
        """Ask what is in these frames, uint8 (H, W, 3), BGR, at most `batch_size`.

        Returns:
            the answer; `Lost` where the worker dies before it, EngineError where there is not enough
            shared memory, or what went wrong in the worker.
        """
        answer: Future[Answer] = Future()
        slots: List[Slot] = []
        answer.add_done_callback(lambda done: self._give_back(slots))
        try:
            for image in images:
                slot = self._ring.put(image, wait=True)
                assert slot is not None
                slots.append(slot)
        except NoRoom as error:
            answer.set_exception(EngineError(f"devices: {error}"))
            return answer
        with self._lock:
            if self.is_lost:
                answer.set_exception(Lost())
                return answer
            number = next(self._numbers)
            self._answers[number] = answer
        self._worker.send(Request(number, slots, selection, where))
        return answer

    def stop(self) -> None:
        """Begin to end it."""
        self._worker.stop()

    def close(self) -> None:
        """End it."""
        self._worker.close()
        self._give_up(StageError(f"{self.name} was closed"))

    def _give_back(self, slots: Sequence[Slot]) -> None:
        for slot in slots:
            self._ring.give_back(slot)

    def _hear(self, message: Union[Ready, Answer]) -> None:
        if isinstance(message, Ready):
            self.ready.set_result(message.description)
            return
        answer = self._answers.pop(message.number)
        if message.error is not None:
            answer.set_exception(message.error)
        else:
            answer.set_result(message)

    def _lose(self, error: SplitdetError) -> None:
        self._give_up(error)
        self._tell_lost(error)

    def _give_up(self, error: SplitdetError) -> None:
        """Whoever waits for it need not wait any longer."""
        with self._lock:
            self.is_lost = True
            answers, self._answers = list(self._answers.values()), {}
        for answer in answers:
            answer.set_exception(Lost())
        if not self.ready.done():
            text = str(error)
            self.ready.set_exception(type(error)(text if self.name in text else f"{self.name}: {text}"))
