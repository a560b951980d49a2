"""Events on their way to a receiver, on a thread of its own: a dead one delays nobody."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Any, Deque, Dict, Optional

from splitdet.events.receiver import Receiver, UndeliveredError

CAPACITY = 100
"""Events that wait; the oldest gives way, as the newest tells more of how things are."""
ATTEMPTS = 6
FIRST_PAUSE_S = 0.5
"""After the first attempt; then twice as long each time."""
TIMEOUT_S = 5.0
"""For one attempt."""
log = logging.getLogger(__name__)


class Delivery:
    """Sends events in the order in which they were put, each until it is taken or given up.

    Args:
        receiver: is closed with it.
        first_pause_s: after an attempt that failed.
    """

    def __init__(self, receiver: Receiver, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._receiver = receiver
        self._first_pause_s = first_pause_s
        self._waiting: Deque[Dict[str, Any]] = deque()
        self._changed = threading.Condition()
        self._deadline_s: Optional[float] = None
        self._sent = self._lost = self._under_way = 0
        self._answers = True
        self._thread = threading.Thread(target=self._serve, name=receiver.kind, daemon=True)
        self._thread.start()

    @property
    def figures(self) -> Dict[str, int]:
        """Events that were sent, and that were lost: given up, or not tried for want of room or time."""
        with self._changed:
            return {"sent": self._sent, "lost": self._lost}

    def put(self, event: Dict[str, Any]) -> None:
        """Send `event` soon; never waits."""
        with self._changed:
            if len(self._waiting) == CAPACITY:
                self._waiting.popleft()
                self._lost += 1
            self._waiting.append(event)
            self._changed.notify_all()

    def end(self, deadline_s: float) -> None:
        """Send nothing after `deadline_s` (by `time.perf_counter()`); never waits."""
        with self._changed:
            self._deadline_s = deadline_s
            self._changed.notify_all()

    def close(self, deadline_s: float) -> None:
        """Send what waits until then; what is left is lost. Of several, `end` all before closing one."""
        self.end(deadline_s)
        self._thread.join(max(0.0, deadline_s - time.perf_counter()))
        with self._changed:
            self._lost += len(self._waiting) + self._under_way
            self._waiting.clear()
            self._under_way = 0

    def _serve(self) -> None:
        """The thread."""
        event = self._next()
        while event is not None:
            taken = self._deliver(event)
            with self._changed:
                self._sent += taken
                self._lost += self._under_way - taken  # 0 where `close` has counted it already
                self._under_way = 0
            event = self._next()
        self._receiver.close()

    def _next(self) -> Optional[Dict[str, Any]]:
        """Wait for an event; None when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._deadline_s is not None)
            if not self._waiting or self._left_s() <= 0:
                return None
            self._under_way = 1
            return self._waiting.popleft()

    def _deliver(self, event: Dict[str, Any]) -> bool:
        """Try until it is taken; whether it was."""
        for attempt in range(ATTEMPTS):
            was_last_chance = self._deadline_s is not None
            problem = self._attempt(event)
            self._note(problem)
            if problem is None:
                return True
            if problem.final or was_last_chance or not self._pause(self._first_pause_s * 2**attempt):
                break
        return False

    def _attempt(self, event: Dict[str, Any]) -> Optional[UndeliveredError]:
        """Try once; why it was not taken."""
        try:
            self._receiver.send(event, max(0.01, min(TIMEOUT_S, self._left_s())))
        except UndeliveredError as problem:
            return problem
        except Exception as error:  # whatever a library does, the events behind this one must go on
            return UndeliveredError(f"{type(error).__name__}: {error}", final=True)
        return None

    def _left_s(self) -> float:
        """Time until the end; endless while there is none in sight."""
        return TIMEOUT_S if self._deadline_s is None else self._deadline_s - time.perf_counter()

    def _pause(self, time_s: float) -> bool:
        """Wait before the next attempt, which is due at once when the end is near; False past it."""
        with self._changed:
            self._changed.wait_for(lambda: self._deadline_s is not None, time_s)
            return self._left_s() > 0

    def _note(self, problem: Optional[UndeliveredError]) -> None:
        """Say once that a receiver does not take events, and once that it does again."""
        if self._answers == (problem is None):
            return
        self._answers = problem is None
        where = f"{self._receiver.kind} {self._receiver.name}"
        if problem is None:
            log.info("%s: takes events again", where)
        else:
            log.warning("%s: %s; %s", where, problem, "lost" if problem.final else "trying again")
