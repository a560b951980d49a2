"""The three steps of a batch from frames to detections, and who takes them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from splitdet.config import Config
from splitdet.engines.base import Described
from splitdet.engines.choose import open_ends
from splitdet.models.base import Model
from splitdet.types import Batch, Frame, Selection, check_image


class Steps(ABC):
    """Takes batches to their results. Each step may be called from several threads."""

    engine: Described
    """Who computes the network."""
    feeders: int
    """Threads that may be in `accelerate` at once."""
    network_bytes: int = 0
    """Size of the network's file in the form that the engine runs; 0 where nobody tells."""

    @abstractmethod
    def prepare(self, batch: Batch) -> None:
        """Frames to what the engine takes."""

    @abstractmethod
    def accelerate(self, batch: Batch, selection: Selection) -> None:
        """Run the accelerator part, or the whole graph when it is not split.

        Args:
            selection: what is to be reported, or more. The same for all who call at one time: engines
                that suppress leave out what scores less.
        """

    @abstractmethod
    def suppress(self, batch: Batch, selection: Selection) -> None:
        """Suppress, unless the graph has done it, and read the results."""

    def take(self, batch: Batch, selection: Selection) -> None:
        """All steps, one after the other."""
        self.prepare(batch)
        self.accelerate(batch, selection)
        self.suppress(batch, selection)

    def warm_up(self, image: np.ndarray, selection: Selection) -> None:
        """Run once on `image`, wherever frames will run."""
        self.take(alone(image), selection)

    @abstractmethod
    def close(self) -> None:
        """Give memory and devices back."""


class LocalSteps(Steps):
    """In this process, by one engine.

    Raises:
        EngineError: the engine or the device is not usable.
        CutError: the graph has no such NMS as was asked for.
    """

    def __init__(self, config: Config, model: Model, split: bool) -> None:
        self.feeders = feeders_of(config, model)
        self._at_least = config.det_th
        ends = open_ends(config, model, self.feeders, split, lambda: self._at_least)
        self.engine = ends.engine
        self.front = ends.front
        self.back = ends.back
        self.network_bytes = ends.front.size_bytes

    def prepare(self, batch: Batch) -> None:
        """See `Steps.prepare`."""
        as_they_are = self.front.reads_remote
        batch.tensors = self.front.prepare(
            [frame.pixels if as_they_are else frame.image for frame in batch.frames]
        )

    def accelerate(self, batch: Batch, selection: Selection) -> None:
        """See `Steps.accelerate`."""
        self._at_least = selection.threshold
        batch.tensors = self.front.run(batch.tensors)

    def suppress(self, batch: Batch, selection: Selection) -> None:
        """See `Steps.suppress`."""
        batch.results = self.back.results(batch.tensors, selection)
        batch.tensors = ()

    def close(self) -> None:
        """See `Steps.close`."""
        self.front.close()
        self.back.close()


def feeders_of(config: Config, model: Model) -> int:
    """Threads that run the network of one engine."""
    if config.latency == "low":
        return 1
    wanted = int(getattr(config, model.feeders_key))
    return min(wanted, config.engine_cores or wanted)


def alone(image: np.ndarray) -> Batch:
    """A batch of one picture that comes from nowhere; ValueError unless it is uint8 (H, W, 3), BGR."""
    check_image(image)
    # a view: the caller's own array stays writable
    return Batch([Frame(image.view(), 0, "", 0.0, 0.0)])
