"""Calls of an engine on a GPU that only notes what it is told to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, List, Sequence, Set, Tuple

import numpy as np
import pytest

from splitdet.engines.tensorrt.kernels import resize
from splitdet.engines.tensorrt.kernels.resize import FrameEntry
from splitdet.engines.tensorrt.lane import Entry, Exit, Lane, Tensor
from splitdet.errors import EngineError
from splitdet.types import Tensors

BATCH = 8


class NotingGpu:
    """Hands out memory, and notes what streams do; pinned memory may run out."""

    has_graphs = True

    def __init__(self) -> None:
        self.held: Set[int] = set()
        self.done: List[str] = []
        self.has_pinned = True
        self._next = 0

    def allocate(self, size: int) -> int:
        self._next += 1
        self.held.add(self._next)
        return self._next

    def allocate_pinned(self, size: int) -> Tuple[int, np.ndarray]:
        if not self.has_pinned:
            raise EngineError("the GPU is out of memory")
        return self.allocate(size), np.zeros(size, np.uint8)

    def free(self, address: int) -> None:
        self.held.remove(address)

    free_pinned = destroy_stream = free

    def create_stream(self) -> int:
        return self.allocate(0)

    def fill_device(self, target: int, data: np.ndarray) -> None:
        assert target in self.held

    def synchronize(self, stream: int) -> None:
        """There is nothing to wait for."""

    def begin_capture(self, stream: int) -> None:
        self.done.append("begin")

    def end_capture(self, stream: int) -> int:
        self.done.append("end")
        return self.allocate(0)

    def launch(self, graph: int, stream: int) -> None:
        assert graph in self.held
        self.done.append("launch")

    def destroy_graph(self, graph: int) -> None:
        self.free(graph)
        self.done.append("destroy")


class NotingContext:
    """An execution context whose work is noted with the rows that it was set to."""

    def __init__(self, gpu: NotingGpu) -> None:
        self._gpu = gpu
        self._rows = BATCH

    def set_optimization_profile_async(self, number: int, stream: int) -> bool:
        return True

    def set_input_shape(self, name: str, shape: Tuple[int, ...]) -> None:
        self._rows = shape[0]

    def get_tensor_shape(self, name: str) -> Tuple[int, ...]:
        return (self._rows, 2)

    def set_tensor_address(self, name: str, address: int) -> None:
        assert address in self._gpu.held

    def execute_async_v3(self, stream: int) -> bool:
        self._gpu.done.append(f"execute {self._rows}")
        return True


class AnyEntry(Entry):
    """Frames that are never looked at, but for a size of their own; `fill` may fail."""

    def __init__(self) -> None:
        self.frame_size = "small"
        self.fails = False

    @property
    def size(self) -> str:
        return self.frame_size

    def fill(self, images: Sequence[Any]) -> None:
        if self.fails:
            raise EngineError("the GPU is out of memory")

    def enqueue(self, rows: int, stream: int) -> None:
        """Nothing to bring."""

    def free(self) -> None:
        """Nothing to give back."""


class NoExit(Exit):
    """Outputs that nobody wants."""

    def enqueue(self, rows: int, stream: int) -> None:
        """Nothing to bring."""

    def take(self, rows: int) -> Tensors:
        return ()

    def free(self) -> None:
        """Nothing to give back."""


def make_lane(gpu: NotingGpu, entry: Entry) -> Lane:
    """A lane of an engine that takes one to `BATCH` rows."""
    modes = SimpleNamespace(INPUT=1, OUTPUT=2)
    api: Any = SimpleNamespace(
        trt=SimpleNamespace(TensorIOMode=modes),
        numpy_type=lambda kind: np.float32,
        description="TensorRT",
    )
    engine = SimpleNamespace(
        num_io_tensors=2,
        get_tensor_name=lambda number: ("image", "scores")[number],
        get_tensor_mode=lambda name: modes.INPUT if name == "image" else modes.OUTPUT,
        get_tensor_shape=lambda name: (-1, 2),
        get_tensor_profile_shape=lambda name, profile: [(1, 2), (BATCH, 2), (BATCH, 2)],
        get_tensor_dtype=lambda name: None,
        create_execution_context=lambda: NotingContext(gpu),
    )
    cuda: Any = gpu
    return Lane(api, cuda, engine, ["scores"], lambda *_: entry, lambda *_: NoExit(), use_graphs=True)


def ran(gpu: NotingGpu, lane: Lane, rows: int) -> List[str]:
    """What a call with so many rows did."""
    gpu.done.clear()
    lane.run([None] * rows)
    return list(gpu.done)


def test_the_second_call_of_a_size_is_captured_and_then_replayed() -> None:
    gpu = NotingGpu()
    lane = make_lane(gpu, AnyEntry())
    calls = [ran(gpu, lane, 8) for _ in range(4)]
    assert calls == [["execute 8"], ["begin", "execute 8", "end", "launch"], ["launch"], ["launch"]]


def test_what_was_captured_is_not_replayed_after_a_batch_of_another_size() -> None:
    gpu = NotingGpu()
    lane = make_lane(gpu, AnyEntry())
    for _ in range(3):
        ran(gpu, lane, 8)
    assert ran(gpu, lane, 5) == ["destroy", "execute 5"]
    assert ran(gpu, lane, 8) == ["execute 8"]
    assert "begin" in ran(gpu, lane, 8)


def test_what_was_captured_is_not_replayed_after_frames_found_no_room() -> None:
    gpu, entry = NotingGpu(), AnyEntry()
    lane = make_lane(gpu, entry)
    for _ in range(3):
        ran(gpu, lane, 8)
    entry.fails = True
    with pytest.raises(EngineError, match="out of memory"):
        lane.run([None] * 8)
    entry.fails = False
    assert ran(gpu, lane, 8) == ["execute 8"]


def test_a_lane_that_is_closed_holds_nothing() -> None:
    gpu = NotingGpu()
    lane = make_lane(gpu, AnyEntry())
    for _ in range(3):
        ran(gpu, lane, 8)
    lane.close()
    assert gpu.held == set()


def test_memory_for_frames_that_is_not_whole_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resize, "find_kernels", lambda cuda: None)
    gpu: Any = NotingGpu()
    entry = FrameEntry(gpu, Tensor(gpu, "image", (BATCH, 4, 4, 3), np.float32))
    before = set(gpu.held)
    gpu.has_pinned = False
    for _ in range(3):
        with pytest.raises(EngineError, match="out of memory"):
            entry.fill([np.zeros((6, 8, 3), np.uint8)])
    assert gpu.held == before
