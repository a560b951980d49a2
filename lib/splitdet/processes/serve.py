"""What a device worker does: batches in, detections out, with the two halves side by side."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Callable, Dict, NamedTuple, Optional, Sequence, Tuple

from splitdet.config import Config
from splitdet.detector import Detector
from splitdet.errors import SplitdetError, described
from splitdet.opencv import on_one_thread
from splitdet.processes.ring import Ring, Slot
from splitdet.processes.worker import Link, ParentGone
from splitdet.types import Batch, Detections, Frame, Selection


class Place(NamedTuple):
    """Where a worker runs."""

    number: int
    """Which of the workers it is, from 0 on."""
    name: str
    """For people: `worker 0 (GPU 1)`."""
    visible_gpu: str
    """What CUDA is shown of the machine; -1: no GPU."""
    cores: Tuple[int, ...]
    """The only ones that it uses; empty: all."""


class Request(NamedTuple):
    """A batch for a worker."""

    number: int
    slots: Sequence[Slot]
    """Its frames, uint8 (H, W, 3), BGR."""
    selection: Selection
    """What is to be reported."""
    where: str
    """Which frames they are, for messages."""


class Ready(NamedTuple):
    """A worker has loaded its model."""

    description: str
    """See `Described.description`."""


class Answer(NamedTuple):
    """What came of a batch."""

    number: int
    results: Sequence[Detections]
    spans_s: Dict[str, Tuple[float, float]]
    """See `Batch.spans_s`; all processes of a machine read the same clock."""
    threads: Dict[str, int]
    """See `Batch.threads`; those of all workers are counted on."""
    error: Optional[SplitdetError]


@dataclass
class _Task:
    """A batch on its way through the stages."""

    request: Request
    batch: Batch
    error: Optional[SplitdetError] = None


@on_one_thread()
def serve(link: Link, ring: Ring, config: Config, place: Place) -> None:
    """Answer requests until there are no more.

    Raises:
        SplitdetError: the model cannot be loaded here.
        ParentGone: the end.
    """
    # CUDA reads these when it is first used, and nothing has used it yet in this process
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    os.environ["CUDA_VISIBLE_DEVICES"] = place.visible_gpu
    if place.cores:
        os.sched_setaffinity(0, place.cores)
    steps = Detector.from_config(config).steps

    def prepare(task: _Task) -> None:
        steps.prepare(task.batch)

    def accelerate(task: _Task) -> None:
        steps.accelerate(task.batch, task.request.selection)

    def suppress(task: _Task) -> None:
        steps.suppress(task.batch, task.request.selection)

    link.send(Ready(steps.engine.description))
    first: SimpleQueue[_Task] = SimpleQueue()
    last = _start(first, "prepare", prepare, 1, place)
    last = _start(last, "accelerator", accelerate, steps.feeders, place)
    last = _start(last, "cpu", suppress, config.cpu_feeders, place)
    threading.Thread(target=_answer, args=(last, link), daemon=True).start()
    while True:
        request: Request = link.receive()
        images = [ring.view(slot) for slot in request.slots]
        first.put(_Task(request, Batch([Frame(image, 0, "", 0.0, 0.0) for image in images])))


def _start(
    inbox: SimpleQueue[_Task], name: str, work: Callable[[_Task], None], threads: int, place: Place
) -> SimpleQueue[_Task]:
    """Start the threads of a stage; the queue that they put their tasks into."""
    outbox: SimpleQueue[_Task] = SimpleQueue()

    def run(which: int) -> None:
        while True:
            task = inbox.get()
            if task.error is None:
                task.batch.threads[name] = which
                _do(task, name, work, place)
            outbox.put(task)

    for which in range(place.number * threads, (place.number + 1) * threads):
        name_of_thread = f"{place.name} {name}"
        threading.Thread(target=run, args=(which,), name=name_of_thread, daemon=True).start()
    return outbox


def _do(task: _Task, name: str, work: Callable[[_Task], None], place: Place) -> None:
    begin_s = time.perf_counter()
    try:
        work(task)
    except Exception as error:  # whatever it is, whoever asked must hear of it
        task.error = described(error, f"the {name} stage failed on {task.request.where} in {place.name}")
    task.batch.spans_s[name] = (begin_s, time.perf_counter())


def _answer(tasks: SimpleQueue[_Task], link: Link) -> None:
    """The thread that tells what came of the tasks, as long as somebody is there to hear it."""
    with suppress(ParentGone):
        while True:
            task = tasks.get()
            batch, number = task.batch, task.request.number
            link.send(Answer(number, batch.results, batch.spans_s, batch.threads, task.error))
