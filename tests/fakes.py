"""A detector and sources that do what a test tells them, in place of real work."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import SimpleNamespace
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from splitdet.config import Config, make_config
from splitdet.labels import Labels
from splitdet.sources.base import Source
from splitdet.threshold import LiveThreshold
from splitdet.types import Batch, Detections, Frame

Work = Callable[[int], None]


def nothing(index: int) -> None:
    """Work that takes no time."""


class Clock:
    """`time.perf_counter` as the tests say."""

    now_s = 100.0

    def perf_counter(self) -> float:
        """The time that was set."""
        return self.now_s


class FakeDetector:
    """Has the three steps of a `Detector`; each calls a function with the frame's index."""

    def __init__(self, steps: Optional[Dict[str, Work]] = None, config: Optional[Config] = None) -> None:
        self.config = config or make_config()
        self.labels = Labels({1: "thing"})
        self.threshold = LiveThreshold(self.config.det_th)
        self.model = SimpleNamespace(type_name="fake")
        self.engine = SimpleNamespace(description="no engine")
        self.split = True
        self.feeders = self.config.accelerator_feeders
        self.startup_s: Dict[str, float] = {}
        self._steps = steps or {}

    def warm_up(self, height: int, width: int) -> None:
        """Nothing to warm."""

    def prepare(self, batch: Batch) -> None:
        """First step."""
        self._work("prepare", batch)

    def accelerate(self, batch: Batch) -> None:
        """Second step."""
        self._work("accelerator", batch)

    def suppress(self, batch: Batch) -> None:
        """Third step."""
        self._work("cpu", batch)
        batch.results = [Detections.none() for _ in batch.frames]

    def close(self) -> None:
        """Nothing to close."""

    def _work(self, name: str, batch: Batch) -> None:
        for frame in batch.frames:
            self._steps.get(name, nothing)(frame.index)


class FakeSource(Source):
    """Small frames whose first pixel holds their index."""

    def __init__(self, count: int, work: Work = nothing, rate: float = 0.0) -> None:
        super().__init__("fake")
        self.live = rate > 0
        self.closed = threading.Event()
        self._count = count
        self._work = work
        self._rate = rate

    @property
    def frame_count(self) -> Optional[int]:
        """See `Source.frame_count`."""
        return self._count

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        begin_s = time.perf_counter()
        if self._index >= self._count:
            return None
        self._work(self._index)
        if self._rate:
            self.closed.wait(max(0.0, self._began_s + self._index / self._rate - begin_s))
        image = np.full((4, 4, 3), self._index % 256, np.uint8)
        return self._frame(image, "fake", None, begin_s)

    def close(self) -> None:
        """See `Source.close`."""
        self.closed.set()


def takes(milliseconds: float, jitter: float = 0.0, seed: int = 0) -> Work:
    """Work that takes so long, more or less."""
    random = np.random.RandomState(seed)
    lock = threading.Lock()

    def work(index: int) -> None:
        with lock:
            factor = 1.0 + jitter * (2.0 * random.random_sample() - 1.0)
        time.sleep(factor * milliseconds / 1000.0)

    return work


SIGNALS = {"interrupt": "SIGINT", "terminate": "SIGTERM", "hang up": "SIGHUP"}


def fault(kind: str, at: int) -> Work:
    """Work that fails at frame `at`: raise, a signal of `SIGNALS`, or stall for ever; or that
    stops the process, as Ctrl-Z does, and needs a moment when it goes on.
    """

    def work(index: int) -> None:
        if index != at:
            return
        if kind == "raise":
            raise RuntimeError("broken on purpose")
        if kind == "stall":
            threading.Event().wait()
        if kind == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.3)
            return
        os.kill(os.getpid(), getattr(signal, SIGNALS[kind]))

    return work


def pipeline_threads() -> List[threading.Thread]:
    """Threads of pipelines that are still alive."""
    names = {"source", "prepare", "accelerator", "cpu", "track", "output", "watchdog"}
    return [thread for thread in threading.enumerate() if thread.name in names]


def run_stages(count: int, steps: Dict[str, Work], **options: Any) -> List[int]:
    """Indices of the frames that come out of a pipeline with these steps, in order."""
    from splitdet.assemble import assemble

    config = make_config(**options)
    with assemble(FakeSource(count), FakeDetector(steps, config)) as pipeline:
        return [frame.index for batch in pipeline for frame in batch.frames]
