"""The way of frames through a model: what the engine takes, what it gives, and who suppresses.

A front takes frames to the cut, or to the results of a graph that is not cut; a back takes what
the front gives to detections.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any, Callable, Iterator, List, Optional, Sequence

import numpy as np

from splitdet.engines.base import Runner
from splitdet.errors import CutError
from splitdet.models.base import Model
from splitdet.models.fast_nms import FastNms
from splitdet.types import Detections, Selection, Tensors


class Front(ABC):
    """Frames to the cut, or to the results of a graph that is not cut."""

    reads_remote = False
    """Whether `prepare` takes a `RemotePicture` as well."""

    def __init__(self, model: Model, runner: Runner) -> None:
        self.model = model
        self._runner = runner

    @abstractmethod
    def prepare(self, images: Sequence[Any]) -> Tensors:
        """Frames of one size, uint8 (H, W, 3), BGR, as the engine takes them."""

    def run(self, tensors: Tensors) -> Tensors:
        """The tensors of the cut, or the results; first axis: the frames."""
        return self._runner.run(tensors)

    @property
    def size_bytes(self) -> int:
        """See `Runner.size_bytes`."""
        return self._runner.size_bytes

    def close(self) -> None:
        """Give memory and devices back."""
        self._runner.close()


class FrameFront(Front):
    """The engine takes frames as they are; the graph itself resizes."""

    def prepare(self, images: Sequence[np.ndarray]) -> Tensors:
        """See `Front.prepare`."""
        return self.model.prepare(images)


class ResizedFront(Front):
    """The engine takes frames of the network's size, so they are resized here, as the model has it.

    Raises:
        CutError: frames are not stretched to a constant size.
    """

    def __init__(self, model: Model, runner: Runner) -> None:
        super().__init__(model, runner)
        size = model.input_size_px
        if model.parts.resized is None or size is None:
            raise CutError("its frames are not stretched to a constant size")
        self._size = size
        self._windows = _windows(model)

    def prepare(self, images: Sequence[np.ndarray]) -> Tensors:
        """See `Front.prepare`."""
        return (self.model.resize(images, self._size),)

    def run(self, tensors: Tensors) -> Tensors:
        """See `Front.run`."""
        return _with_windows(self._runner.run(tensors), self._windows)


class FramesFront(Front):
    """The engine takes frames as they are, and resizes them for the network itself.

    Args:
        suppresses: the runner gives what `SuppressedBack` takes, and not the network's own outputs.
    """

    def __init__(self, model: Model, runner: Runner, suppresses: bool) -> None:
        super().__init__(model, runner)
        self.reads_remote = runner.reads_remote
        self._windows = 0 if suppresses else _windows(model)

    def prepare(self, images: Sequence[Any]) -> Tensors:
        """See `Front.prepare`; one tensor for each frame."""
        return tuple(images)

    def run(self, tensors: Tensors) -> Tensors:
        """See `Front.run`."""
        return _with_windows(self._runner.run(tensors), self._windows)


def _windows(model: Model) -> int:
    """How many windows the cut has."""
    return sum(port.role == "window" for port in model.parts.cut)


def _with_windows(found: Tensors, count: int) -> Tensors:
    """The cut of frames that are stretched: they have no padding, so the window is all of them."""
    window = np.tile(np.array([0, 0, 1, 1], np.float32), (len(found[0]), 1))
    return (*found, *[window] * count)


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
        return [self._model.result(tensors, row, selection) for row in range(len(tensors[0]))]


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
        self.settings = nms.settings
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


class SuppressedBack(Back):
    """The engine has suppressed as well, except in frames that it could not.

    It takes, B frames of at most K detections: boxes float32 (B, K, 4), scores float32 (B, K), classes
    int64 (B, K), how many there are (B,), whether the frame is left to the host (B,), and for those that
    are, in order, the tensors of the cut.

    Args:
        host: for the frames that are left.
    """

    def __init__(self, model: Model, host: Back) -> None:
        self._windows = _windows(model)
        self._host = host

    def results(self, tensors: Tensors, selection: Selection) -> List[Detections]:
        """See `Back.results`."""
        boxes, scores, classes, counts, are_left = tensors[:5]
        left: Iterator[Detections] = iter(())
        if are_left.any():
            left = iter(self._host.results(_with_windows(tensors[5:], self._windows), selection))
        return [
            next(left)
            if is_left
            else selection.of_boxes(
                Detections(boxes[row, :count], scores[row, :count], classes[row, :count])
            )
            for row, (count, is_left) in enumerate(zip(counts.tolist(), are_left.tolist()))
        ]

    def close(self) -> None:
        """See `Back.close`."""
        self._host.close()
