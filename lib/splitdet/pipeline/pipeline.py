"""The pipeline: a source, stages on threads, and results in the order of capture.

    source thread -> inlet -> first stage -> .. -> last stage -> whoever iterates, or `done`

Only `in_flight` batches are under way between the inlet and that end, so every queue is bounded
and a slow stage slows the source (a file) or makes it drop (a camera).
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from splitdet.errors import StallError, described
from splitdet.pipeline.queues import Aborted, Channel, Finished, Gate, Inlet, Permits
from splitdet.sources.base import Source
from splitdet.types import Batch

CLOSE_TIMEOUT_S = 2.0
READ_AHEAD = 2  # frames of a file decoded while the stages work; more would only grow old
SOURCE = "source"
WATCH_S = 1.0
"""How long the watchdog sleeps at most."""


@dataclass(frozen=True)
class Stage:
    """A step that every batch goes through.

    Args:
        name: what figures and errors call it.
        work: changes the batch in place.
        threads: how many work side by side.
        in_order: batches come strictly in the order of capture (only sensible with one thread).
        admits: a batch comes into the pipeline only when this stage is done with the one before, so
            that it need not wait for the stage and grow old.
    """

    name: str
    work: Callable[[Batch], None]
    threads: int = 1
    in_order: bool = False
    admits: bool = False


class Pipeline:
    """Runs a source through stages; iterate to get finished batches in order, or have them given to
    `done` and `wait`.

    Use it as a context manager. Leaving it stops every thread and closes the source.

    Args:
        lossless: every frame in order; otherwise always the newest frame.
        in_flight: batches under way at once.
        batch_size: frames of one size that may go together.
        batch_timeout_s: how old a frame may get waiting for others to go with it; see `Inlet`.
        limit: finish after so many frames; 0 for no limit.
        stall_timeout_s: a stage that works on one batch for longer ends the run.
        leave: called when it is the main thread that does not answer, which cannot be told.
        done: called with each finished batch, on the thread of the last stage, which is then one
            that works in order.
    """

    def __init__(
        self,
        source: Source,
        stages: Sequence[Stage],
        lossless: bool,
        in_flight: int,
        batch_size: int = 1,
        batch_timeout_s: float = 0.0,
        limit: int = 0,
        stall_timeout_s: float = 60.0,
        leave: Callable[[StallError], None] = lambda error: None,
        done: Optional[Callable[[Batch], None]] = None,
    ) -> None:
        self._source = source
        self._stages = list(stages)
        self._batch_size = batch_size
        self._limit = limit if lossless else 0
        self._stall_timeout_s = stall_timeout_s
        self._leave = leave
        self._done = done
        room = max(READ_AHEAD, batch_size) if lossless else math.ceil(batch_size / len(source.parts))
        self.inlet = Inlet(lossless, room, limit, batch_timeout_s)
        self._permits = Permits(in_flight)
        # where no stage admits, whoever is in has passed the door
        self._door_stage = next((place for place, stage in enumerate(stages) if stage.admits), 0)
        self._door = Permits(1 if stages[self._door_stage].admits else in_flight)
        orders = [stage.in_order for stage in stages[1:]] + [True]
        self._channels: List[Channel[Batch]] = [Channel(in_order) for in_order in orders]
        self._gate = Gate()
        self._woken = threading.Event()
        self._is_over = False
        self._error: Optional[BaseException] = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._resumed_s = 0.0  # when the process was found to have been stopped
        self._busy: Dict[int, Tuple[str, float]] = {}  # thread: what it does, since when
        self._threads = self._make_threads()
        self.finished = 0
        """Frames handed to whoever iterates, or to `done`."""

    def __enter__(self) -> Pipeline:
        self.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Batch]:
        """Finished batches in the order of capture.

        Raises:
            SplitdetError: what went wrong in the source or in a stage.
        """
        while True:
            try:
                _, batch = self._channels[-1].get()
            except Finished:
                return
            except Aborted:
                break
            self._leaves(batch)
            yield batch
        if self._error is not None:
            raise self._error

    def wait(self, timeout_s: Optional[float] = None) -> bool:
        """Wait until `done` has had all batches, until `wake` is called, or so long.

        Returns:
            whether it has had all.

        Raises:
            SplitdetError: what went wrong in the source or in a stage.
            Exception: whatever `done` raised.
        """
        self._woken.wait(timeout_s)
        self._woken.clear()
        if self._error is not None:
            raise self._error
        return self._is_over

    def wake(self) -> None:
        """Let whoever is in `wait` look around."""
        self._woken.set()

    def hold(self, back: bool) -> None:
        """Keep batches back from the last stage, so that everything before it comes to rest; or no
        longer.
        """
        self._gate.move(not back)

    @property
    def dropped(self) -> Dict[str, int]:
        """Frames that came in and were not finished, by reason; complete after `close`."""
        unfinished = self.inlet.waiting + self.inlet.taken - self.finished
        reasons = {Inlet.SUPERSEDED: self.inlet.superseded, Inlet.STOPPED: unfinished}
        return {reason: count for reason, count in reasons.items() if count}

    @property
    def stopping(self) -> bool:
        """Whether it has failed, or is being closed."""
        return self._stopping.is_set()

    def fail(self, error: BaseException) -> None:
        """End the run with `error`; the first one counts."""
        with self._lock:
            if self._error is None and not self._stopping.is_set():
                self._error = error
        self._abort()

    def start(self) -> None:
        """Start the threads; `close` must follow, as leaving the context manager does."""
        for thread in self._threads:
            thread.start()

    def close(self) -> List[str]:
        """Stop, and wait for the threads.

        Returns:
            names of the stages whose threads did not end within `CLOSE_TIMEOUT_S`, because a call
            into a library does not return.
        """
        self._abort()
        deadline_s = time.perf_counter() + CLOSE_TIMEOUT_S
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline_s - time.perf_counter()))
        return sorted({thread.name for thread in self._threads if thread.is_alive()})

    @contextmanager
    def working(self, name: str) -> Iterator[float]:
        """Tell the watchdog what this thread does; gives the time at which it began.

        Whoever iterates or waits may use it around work that could get stuck, such as showing a picture.
        """
        begin_s = time.perf_counter()
        thread = threading.get_ident()
        self._busy[thread] = (name, begin_s)
        try:
            yield begin_s
        finally:
            del self._busy[thread]

    def _abort(self) -> None:
        self._stopping.set()
        self.wake()
        self._gate.abort()
        self._source.interrupt()
        self.inlet.abort()
        self._permits.abort()
        self._door.abort()
        for channel in self._channels:
            channel.abort()

    def _make_threads(self) -> List[threading.Thread]:
        """All threads are daemons, so that one stuck in a native call cannot keep the process."""
        threads = [threading.Thread(target=self._read, name=SOURCE, daemon=True)]
        for position, stage in enumerate(self._stages):
            threads.extend(
                threading.Thread(
                    target=self._serve, args=(position, which), name=stage.name, daemon=True
                )
                for which in range(stage.threads)
            )
        threads.append(threading.Thread(target=self._watch, name="watchdog", daemon=True))
        return threads

    def _read(self) -> None:
        """The source's thread."""
        try:
            while not self._limit or self.inlet.captured < self._limit:
                with self.working(SOURCE):
                    frame = self._source.read()
                if frame is None:
                    break
                self.inlet.put(frame)
            self.inlet.finish()
        except Aborted:
            pass
        except BaseException as error:  # whatever it is, the run must end with it
            self.fail(described(error, f"the {SOURCE} stage failed on {self._source.name}"))
        finally:
            self._source.close()

    def _serve(self, position: int, which: int) -> None:
        """A thread of a stage, and which of them."""
        stage, outlet = self._stages[position], self._channels[position]
        done = self._done if position == len(self._stages) - 1 else None
        batch: Optional[Batch] = None
        try:
            while True:
                number, batch = self._next(position)
                if done is not None:
                    self._gate.pass_through()
                with self.working(stage.name) as begin_s:
                    stage.work(batch)
                # a worker process has told its own time and thread already
                batch.spans_s.setdefault(stage.name, (begin_s, time.perf_counter()))
                batch.threads.setdefault(stage.name, which)
                if position == self._door_stage:
                    self._door.give_back()
                if done is None:
                    outlet.put(number, batch)
                else:
                    self._leaves(batch)
                    self._hand_to(done, batch)
        except Finished as end:
            outlet.finish(end.total)
            if done is not None:
                self._is_over = True
                self.wake()
        except Aborted:
            pass
        except BaseException as error:  # whatever it is, the run must end with it
            where = repr(batch.frames[0]) if batch is not None else "no frame"
            self.fail(described(error, f"the {stage.name} stage failed on {where}"))

    def _hand_to(self, done: Callable[[Batch], None], batch: Batch) -> None:
        try:
            done(batch)
        except BaseException as error:  # not the stage's: `wait` raises it as it is
            self.fail(error)
            raise Aborted from None

    def _leaves(self, batch: Batch) -> None:
        """There is room for another one."""
        self._permits.give_back()
        self.finished += len(batch.frames)

    def _next(self, position: int) -> Tuple[int, Batch]:
        if position:
            return self._channels[position - 1].get()
        self._permits.take()  # first the permits, then the frame: it is then as new as can be
        self._door.take()
        number, frames = self.inlet.take(self._batch_size)
        return number, Batch(frames)

    def _overdue_s(self, name: str, since_s: float) -> float:
        """When it counts as stuck; a source that waits for its next frame tells from when on."""
        due_s = self._source.due_s if name == SOURCE else 0.0
        return max(since_s, due_s, self._resumed_s) + self._stall_timeout_s

    def _watch(self) -> None:
        """The watchdog's thread: wakes when whoever works longest would be overdue.

        It wakes more often to notice that the process was stopped, by Ctrl-Z or a debugger: that time
        is nobody's.
        """
        while True:
            now_s = time.perf_counter()
            wake_s = now_s + self._stall_timeout_s
            for thread, (name, since_s) in list(self._busy.items()):
                overdue_s = self._overdue_s(name, since_s)
                wake_s = min(wake_s, overdue_s)
                if now_s >= overdue_s:
                    error = StallError(
                        f"the {name} stage has not answered for {self._stall_timeout_s:g} s "
                        "(stall_timeout_s)"
                    )
                    self.fail(error)
                    if thread == threading.main_thread().ident:
                        # nobody else can; on a thread of its own, as it may wait for all of these
                        threading.Thread(target=self._leave, args=(error,), daemon=True).start()
                    return
            if self._stopping.wait(min(wake_s - now_s, WATCH_S)):
                return
            if time.perf_counter() > now_s + 2 * WATCH_S:
                self._resumed_s = time.perf_counter()
