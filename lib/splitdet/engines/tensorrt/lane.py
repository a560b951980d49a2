"""One call of an engine at a time: an execution context, a stream, and memory on both sides.

How frames come into the engine's input, and what becomes of its outputs, is up to an `Entry` and an
`Exit`: from and to the host as they are, or by way of kernels on the GPU.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Hashable, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from splitdet.engines.tensorrt.api import Api
from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.errors import EngineError
from splitdet.types import Tensors

log = logging.getLogger(__name__)


class Pinned:
    """Memory of the host that the GPU reads and writes by itself.

    Attributes:
        array: uint8 (size,).
    """

    def __init__(self, cuda: Cuda, size: int) -> None:
        self._cuda = cuda
        self.address, self.array = cuda.allocate_pinned(size)

    def free(self) -> None:
        """Give it back; the array must not be read any more."""
        self._cuda.free_pinned(self.address)


class Memory:
    """What was allocated, on both sides, to be given back together."""

    def __init__(self, cuda: Cuda) -> None:
        self._cuda = cuda
        self._made = ExitStack()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Around all that is allocated: where one thing fails, what was made before is given back."""
        try:
            yield
        except BaseException:
            self.free()
            raise

    def allocate(self, size: int) -> int:
        """Address of `size` bytes on the GPU."""
        address = self._cuda.allocate(size)
        self._made.callback(self._cuda.free, address)
        return address

    def pin(self, size: int) -> Pinned:
        """Memory of the host that the GPU reads and writes by itself."""
        pinned = Pinned(self._cuda, size)
        self._made.callback(pinned.free)
        return pinned

    def stream(self) -> int:
        """A stream."""
        stream = self._cuda.create_stream()
        self._made.callback(self._cuda.destroy_stream, stream)
        return stream

    def free(self) -> None:
        """Give all of it back, the last first."""
        self._made.close()


class Tensor:
    """An input or output of an engine, on the GPU.

    Attributes:
        shape: with the largest batch.
    """

    def __init__(self, cuda: Cuda, name: str, shape: Sequence[int], dtype: Any) -> None:
        self.name = name
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.row_bytes = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        self.size = self.shape[0] * self.row_bytes
        self._cuda = cuda
        self.address = cuda.allocate(self.size)

    def free(self) -> None:
        """Give its memory back."""
        self._cuda.free(self.address)


class Entry(ABC):
    """How frames come into an engine's input."""

    reads_remote = False
    """See `Runner.reads_remote`."""

    @property
    @abstractmethod
    def size(self) -> Hashable:
        """What the work of `enqueue` depends on, beside the number of rows."""

    @abstractmethod
    def fill(self, images: Sequence[Any]) -> None:
        """Put frames where `enqueue` reads them; the stream is idle.

        Raises:
            EngineError: another shape or type than it takes.
        """

    @abstractmethod
    def enqueue(self, rows: int, stream: int) -> None:
        """Bring them into the input, later."""

    @abstractmethod
    def free(self) -> None:
        """Give memory back."""


class Exit(ABC):
    """What becomes of an engine's outputs."""

    def prepare(self) -> None:
        """Put what `enqueue` reads where it reads it; the stream is idle."""
        return

    @abstractmethod
    def enqueue(self, rows: int, stream: int) -> None:
        """Bring them to the host, later."""

    @abstractmethod
    def take(self, rows: int) -> Tensors:
        """What came, as arrays of the caller's own; the stream is idle."""

    @abstractmethod
    def free(self) -> None:
        """Give memory back."""


MakeEntry = Callable[[Cuda, Tensor], Entry]
MakeExit = Callable[[Cuda, Sequence[Tensor]], Exit]
"""Takes the outputs in the order in which they are wanted."""


class Lane:
    """All that one call needs for itself.

    Args:
        engine: TensorRT's.
        outputs: names, in the order in which `make_exit` takes them.
        use_graphs: whether calls are captured, and replayed at once while they have the same size.

    Raises:
        EngineError: not enough memory on the GPU, or another engine than `outputs` say.
    """

    def __init__(
        self,
        api: Api,
        cuda: Cuda,
        engine: Any,
        outputs: Sequence[str],
        make_entry: MakeEntry,
        make_exit: MakeExit,
        use_graphs: bool,
    ) -> None:
        self._cuda = cuda
        self._api = api
        self._tensors: List[Tensor] = []
        self._ends: List[Any] = []
        self._stream = cuda.create_stream()
        self._graph: Optional[int] = None  # of calls of size `_last`
        self._last: Tuple[int, Hashable] = (0, None)
        self._use_graphs = use_graphs and cuda.has_graphs
        try:
            self._context = engine.create_execution_context()
            if self._context is None:
                raise EngineError(f"{api.description} has no memory to run this engine: {api.reason()}")
            self._add_tensors(engine, outputs)
            self._entry = make_entry(cuda, self._tensors[0])
            self._ends.append(self._entry)
            self._exit = make_exit(cuda, self._tensors[1:])
            self._ends.append(self._exit)
        except BaseException:
            self.close()
            raise

    def _add_tensors(self, engine: Any, outputs: Sequence[str]) -> None:
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        modes = self._api.trt.TensorIOMode
        inputs = [name for name in names if engine.get_tensor_mode(name) == modes.INPUT]
        found = [name for name in names if name not in inputs]
        if len(inputs) != 1:
            raise EngineError(f"an engine with {len(inputs)} inputs; splitdet runs those with one")
        if sorted(found) != sorted(outputs):
            raise EngineError(f"the engine gives {found}, and not {list(outputs)}")
        name = inputs[0]
        self.is_fixed = -1 not in tuple(engine.get_tensor_shape(name))
        if self.is_fixed:
            shape = tuple(engine.get_tensor_shape(name))
        else:
            shape = tuple(engine.get_tensor_profile_shape(name, 0)[2])
            # before 10 only the first context has a profile by itself
            if not self._context.set_optimization_profile_async(0, self._stream):
                raise EngineError(f"{self._api.description} has no profile left: {self._api.reason()}")
            self._cuda.synchronize(self._stream)
            self._context.set_input_shape(name, shape)
        self._add(engine, name, shape)
        for output in outputs:
            self._add(engine, output, tuple(self._context.get_tensor_shape(output)))

    def _add(self, engine: Any, name: str, shape: Tuple[int, ...]) -> None:
        if min(shape, default=0) < 0:
            raise EngineError(f"the shape of {name} depends on what is in the picture: {shape}")
        dtype = self._api.numpy_type(engine.get_tensor_dtype(name))
        tensor = Tensor(self._cuda, name, shape, dtype)
        self._tensors.append(tensor)
        self._context.set_tensor_address(name, tensor.address)

    @property
    def reads_remote(self) -> bool:
        """See `Runner.reads_remote`."""
        return self._entry.reads_remote

    @property
    def rows(self) -> int:
        """Most frames that go through together."""
        return self._tensors[0].shape[0]

    def run(self, images: Sequence[Any]) -> Tensors:
        """What the exit makes of the outputs for at most `rows` frames."""
        try:
            self._entry.fill(images)
        except BaseException:
            self._forget()  # the memory that a graph reads may be gone
            raise
        self._exit.prepare()
        rows = self.rows if self.is_fixed else len(images)
        size = (rows, self._entry.size)
        if size != self._last:
            self._begin(size)
        elif self._graph is not None:
            self._cuda.launch(self._graph, self._stream)
        elif not self._use_graphs or not self._capture(rows):
            self._enqueue(rows)
        self._cuda.synchronize(self._stream)
        return self._exit.take(len(images))

    def _begin(self, size: Tuple[int, Hashable]) -> None:
        """The first call of a size, which does what cannot be captured."""
        rows, before = size[0], self._last[0]
        self._forget()  # TensorRT: after another shape what was captured does not hold any more
        if not self.is_fixed and rows != before:
            image = self._tensors[0]
            self._context.set_input_shape(image.name, (rows, *image.shape[1:]))
        self._last = size
        self._enqueue(rows)

    def _enqueue(self, rows: int) -> None:
        """In, through and out: all of it later, on the stream."""
        self._entry.enqueue(rows, self._stream)
        if not self._context.execute_async_v3(self._stream):
            raise EngineError(f"{self._api.description} failed: {self._api.reason()}")
        self._exit.enqueue(rows, self._stream)

    def _capture(self, rows: int) -> bool:
        """Write down what `_enqueue` does, and do it once; False where that is not possible."""
        graph: Optional[int] = None
        try:
            self._cuda.begin_capture(self._stream)
            try:
                self._enqueue(rows)
            finally:
                graph = self._cuda.end_capture(self._stream)
            self._cuda.launch(graph, self._stream)
        except EngineError as error:
            log.debug("no CUDA graph, calls are a little slower: %s", error)
            self._use_graphs = False
            if graph is not None:
                self._cuda.destroy_graph(graph)
            return False
        self._graph = graph
        return True

    def _forget(self) -> None:
        """The next call is the first of its size."""
        self._last = (0, None)
        if self._graph is not None:
            graph, self._graph = self._graph, None
            self._cuda.destroy_graph(graph)

    def close(self) -> None:
        """Give all of it back."""
        try:
            self._forget()
            self._context = None
            for part in [*self._ends, *self._tensors]:
                part.free()
            self._cuda.destroy_stream(self._stream)
        except EngineError as error:  # after an error on the GPU every call fails
            log.debug("closing: %s", error)
        self._ends, self._tensors = [], []
