"""Several devices at once: a worker process on each, and batches for whichever has time."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
from typing import List, Optional, Sequence, Union

import numpy as np

from splitdet.config import Config
from splitdet.config.lists import CPU
from splitdet.engines.base import Described
from splitdet.errors import ConfigError, SplitdetError, StageError
from splitdet.models.base import Model
from splitdet.processes.device import Device, Lost
from splitdet.processes.serve import Answer, Place
from splitdet.steps import Steps, feeders_of
from splitdet.types import Batch, Selection

NO_GPU = "-1"
ENGINES_THAT_PREPARE = ("auto", "tensorrt")
"""What the first worker measures or builds, the others then find in the cache."""
log = logging.getLogger(__name__)


class DevicePool(Described):
    """Workers on several devices; each batch goes to the one that is least busy.

    The batches of a worker that dies go to the others, so none is lost; when the last one has died
    the run ends. Safe from several threads.

    Args:
        feeders: threads that run the network in each worker.

    Raises:
        SplitdetError: a worker cannot load the model, or not on its device.
    """

    def __init__(self, config: Config, feeders: int) -> None:
        self._changed = threading.Condition()
        self._error: Optional[SplitdetError] = None
        self._devices: List[Device] = []
        self._descriptions: List[str] = []
        # one on its way in, and one for each thread that could work on it
        capacity = 1 + feeders + config.cpu_feeders
        try:
            for place in make_places(config.devices):
                device = "cpu" if place.visible_gpu == NO_GPU else "gpu"
                settings = dataclasses.replace(config, devices=(), device=device)
                self._devices.append(Device(place, settings, capacity, self._lose))
                if config.engine in ENGINES_THAT_PREPARE:
                    self._devices[0].ready.result()
            self._descriptions = [device.ready.result() for device in self._devices]
        except BaseException:
            self.close()
            raise

    @property
    def description(self) -> str:
        """See `Described.description`."""
        engines = " and ".join(sorted(set(self._descriptions)))
        count = len(self._descriptions)
        return f"{engines}, {count} workers" if count > 1 else f"{engines}, a worker"

    @property
    def capacity(self) -> int:
        """Batches that all of them may have at once."""
        return sum(device.capacity for device in self._devices)

    def run(self, images: Sequence[np.ndarray], selection: Selection, where: str) -> Answer:
        """What is in these frames, uint8 (H, W, 3), BGR, at most `batch_size`.

        Args:
            where: which frames they are, for messages.

        Raises:
            SplitdetError: what went wrong in the worker, or that no worker is left.
        """
        while True:
            device = self._take()
            try:
                return device.submit(images, selection, where).result()
            except Lost:
                continue  # another one gets them
            finally:
                self._give_back(device)

    def run_everywhere(self, images: Sequence[np.ndarray], selection: Selection, where: str) -> None:
        """Have each worker look at the same frames; raises what `run` does."""
        answers = [device.submit(images, selection, where) for device in self._devices]
        try:
            for answer in answers:
                answer.result()
        except Lost:
            raise self._error or StageError("a worker was closed") from None

    def close(self) -> None:
        """End all workers."""
        for device in self._devices:
            device.stop()
        for device in self._devices:
            device.close()
        with self._changed:
            self._changed.notify_all()

    def _take(self) -> Device:
        """The device that is least busy, as soon as one has time."""
        with self._changed:
            while True:
                alive = [device for device in self._devices if not device.is_lost]
                if not alive:
                    raise self._error or StageError("the workers were closed")
                device = min(alive, key=lambda one: one.taken)
                if device.taken < device.capacity:
                    device.taken += 1
                    return device
                self._changed.wait()

    def _give_back(self, device: Device) -> None:
        with self._changed:
            device.taken -= 1
            self._changed.notify()

    def _lose(self, error: SplitdetError) -> None:
        with self._changed:
            self._error = error
            left = sum(not device.is_lost for device in self._devices)
            self._changed.notify_all()
        if left and self._descriptions:
            log.warning("%s; its frames go to the others", error)


class DeviceSteps(Steps):
    """On several devices: what the steps do is done by workers, all at once in `accelerate`.

    Raises:
        SplitdetError: see `DevicePool`.
    """

    def __init__(self, config: Config, model: Model) -> None:
        self._pool = DevicePool(config, feeders_of(config, model))
        self.engine = self._pool
        self.feeders = self._pool.capacity

    def prepare(self, batch: Batch) -> None:
        """See `Steps.prepare`."""

    def accelerate(self, batch: Batch, selection: Selection) -> None:
        """See `Steps.accelerate`."""
        frames = batch.frames
        answer = self._pool.run([frame.image for frame in frames], selection, repr(frames[0]))
        batch.results = answer.results
        batch.spans_s.update(answer.spans_s)
        batch.threads.update(answer.threads)

    def suppress(self, batch: Batch, selection: Selection) -> None:
        """See `Steps.suppress`."""

    def warm_up(self, image: np.ndarray, selection: Selection) -> None:
        """See `Steps.warm_up`."""
        self._pool.run_everywhere([image], selection, "an empty picture")

    def close(self) -> None:
        """See `Steps.close`."""
        self._pool.close()


def make_places(devices: Sequence[Union[int, str]]) -> List[Place]:
    """A worker's place for each of `devices`; those on the CPU share its cores.

    Raises:
        ConfigError: CUDA_VISIBLE_DEVICES hides a GPU that is named.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    on_cpu = [number for number, device in enumerate(devices) if device == CPU]
    share = len(cores) // len(on_cpu) if len(on_cpu) > 1 else 0
    places: List[Place] = []
    for number, device in enumerate(devices):
        if device == CPU:
            begin = on_cpu.index(number) * share
            places.append(
                Place(number, f"worker {number} (CPU)", NO_GPU, tuple(cores[begin : begin + share]))
            )
        else:
            places.append(Place(number, f"worker {number} (GPU {device})", _visible(int(device)), ()))
    return places


def _visible(gpu: int) -> str:
    """What CUDA calls that GPU: numbers count those that this process may see."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return str(gpu)
    names = [name for name in listed.split(",") if name]
    if gpu >= len(names):
        raise ConfigError(f"devices: there is no GPU {gpu}: CUDA_VISIBLE_DEVICES is {listed!r}")
    return names[gpu]
