"""The way of frames through a model: what the engine takes, what it gives, and who suppresses.

A front takes frames to the cut, or to the results of a graph that is not cut; a back takes what
the front gives to detections.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Callable, List, Optional, Sequence

import numpy as np

from splitdet.engines.base import Runner
from splitdet.errors import CutError
from splitdet.models.base import Model
from splitdet.models.fast_nms import FastNms
from splitdet.resize import resize_batch
from splitdet.types import Detections, Selection, Tensors


class Front(ABC):
    """Frames to the cut, or to the results of a graph that is not cut."""

    def __init__(self, model: Model, runner: Runner) -> None:
        self._model = model
        self._runner = runner

    @abstractmethod
    def prepare(self, images: Sequence[np.ndarray]) -> Tensors:
        """Frames of one size, uint8 (H, W, 3), BGR, as the engine takes them."""

    def run(self, tensors: Tensors) -> Tensors:
        """The tensors of the cut, or the results; first axis: the frames."""
        return self._runner.run(tensors)

    def close(self) -> None:
        """Give memory and devices back."""
        self._runner.close()


class FrameFront(Front):
    """The engine takes frames as they are; the graph itself resizes."""

    def prepare(self, images: Sequence[np.ndarray]) -> Tensors:
        """See `Front.prepare`."""
        return self._model.prepare(images)


class ResizedFront(Front):
    """The engine takes what the graph's resize would give, so that resize is done here.

    Raises:
        CutError: frames are not stretched to a constant size.
    """

    def __init__(self, model: Model, runner: Runner) -> None:
        super().__init__(model, runner)
        size = model.input_size_px
        if model.parts.resized is None or size is None:
            raise CutError("its frames are not stretched to a constant size")
        self._size = size
        self._windows = sum(port.role == "window" for port in model.parts.cut)

    def prepare(self, images: Sequence[np.ndarray]) -> Tensors:
        """See `Front.prepare`."""
        return (resize_batch(images, self._size),)

    def run(self, tensors: Tensors) -> Tensors:
        """See `Front.run`. Stretched frames have no padding, so the window is all of them."""
        found = self._runner.run(tensors)
        window = np.tile(np.array([0, 0, 1, 1], np.float32), (len(found[0]), 1))
        return (*found, *[window] * self._windows)


class Back(ABC):
    """What the front gives to detections."""

    @abstractmethod
    def results(self, tensors: Tensors, selection: Selection) -> List[Detections]:
        """What is to be reported, one for each frame."""

    def close(self) -> None:
        """Give memory and devices back."""
        return


class ReadBack(Back):
    """The graph has done it all; its results are only read."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def results(self, tensors: Tensors, selection: Selection) -> List[Detections]:
        """See `Back.results`."""
        rows = range(len(tensors[0]))
        return [self._model.result(tensors, row, selection) for row in rows]


class GraphBack(ReadBack):
    """The graph's own NMS, as a part of its own."""

    def __init__(self, model: Model, runner: Runner) -> None:
        super().__init__(model)
        self._runner = runner

    def results(self, tensors: Tensors, selection: Selection) -> List[Detections]:
        """See `Back.results`."""
        return super().results(self._runner.run(tensors), selection)

    def close(self) -> None:
        """See `Back.close`."""
        self._runner.close()


class FastBack(Back):
    """The fast NMS, which needs no TensorFlow.

    Args:
        make_graph_back: for frames of which only the graph itself can tell what it keeps.
    """

    def __init__(self, nms: FastNms, make_graph_back: Callable[[], Back]) -> None:
        self._nms = nms
        self._make_graph_back = make_graph_back
        self._graph_back: Optional[Back] = None
        self._lock = threading.Lock()

    def results(self, tensors: Tensors, selection: Selection) -> List[Detections]:
        """See `Back.results`."""
        found: List[Detections] = []
        for row in range(len(tensors[0])):
            kept = self._nms.find(tensors, row, selection.threshold)
            if kept is None:
                return self._by_graph().results(tensors, selection)
            found.append(selection.of_boxes(kept))
        return found

    def _by_graph(self) -> Back:
        with self._lock:
            if self._graph_back is None:
                self._graph_back = self._make_graph_back()
            return self._graph_back

    def close(self) -> None:
        """See `Back.close`."""
        if self._graph_back is not None:
            self._graph_back.close()
