"""Running an engine: from any thread, with memory, a stream and a CUDA graph for each call at once."""

from __future__ import annotations

import logging
import threading
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from splitdet.engines.base import Runner
from splitdet.engines.tensorrt.api import Api
from splitdet.engines.tensorrt.cuda import Cuda, find_cuda
from splitdet.errors import EngineError
from splitdet.types import Tensors

log = logging.getLogger(__name__)


class Tensor:
    """An input or output of an engine, and its memory on both sides.

    Attributes:
        shape: with the largest batch.
        host: an array in pinned memory, of that shape.
    """

    def __init__(self, cuda: Cuda, name: str, shape: Sequence[int], dtype: Any) -> None:
        self.name = name
        self.shape = tuple(shape)
        self.row_bytes = int(np.prod(self.shape[1:], dtype=np.int64)) * np.dtype(dtype).itemsize
        size = self.shape[0] * self.row_bytes
        self._cuda = cuda
        self.device = cuda.allocate(size)
        try:
            self.pinned, memory = cuda.allocate_pinned(size)
        except EngineError:
            cuda.free(self.device)
            raise
        self.host = memory.view(dtype).reshape(self.shape)

    def free(self) -> None:
        """Give its memory back."""
        self._cuda.free(self.device)
        self._cuda.free_pinned(self.pinned)


class Lane:
    """All that one call needs for itself: an execution context, a stream, tensors, a graph.

    Args:
        engine: TensorRT's.
        use_graphs: whether calls of one size are captured, and then replayed at once.
    """

    def __init__(self, api: Api, cuda: Cuda, engine: Any, use_graphs: bool) -> None:
        self._cuda = cuda
        self._api = api
        self.tensors: List[Tensor] = []
        self._stream = cuda.create_stream()
        self._graph: Optional[int] = None
        self._last_rows = 0
        self._use_graphs = use_graphs and cuda.has_graphs
        try:
            self._context = engine.create_execution_context()
            if self._context is None:
                raise EngineError(f"{api.description} has no memory to run this engine: {api.reason()}")
            self._add_tensors(engine)
        except BaseException:
            self.close()
            raise

    def _add_tensors(self, engine: Any) -> None:
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        modes = self._api.trt.TensorIOMode
        inputs = [name for name in names if engine.get_tensor_mode(name) == modes.INPUT]
        if len(inputs) != 1:
            raise EngineError(f"an engine with {len(inputs)} inputs; splitdet runs those with one")
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
        for output in (name for name in names if name not in inputs):
            self._add(engine, output, tuple(self._context.get_tensor_shape(output)))

    def _add(self, engine: Any, name: str, shape: Tuple[int, ...]) -> None:
        if min(shape, default=0) < 0:
            raise EngineError(f"the shape of {name} depends on what is in the picture: {shape}")
        dtype = self._api.numpy_type(engine.get_tensor_dtype(name))
        tensor = Tensor(self._cuda, name, shape, dtype)
        self.tensors.append(tensor)
        self._context.set_tensor_address(name, tensor.device)

    @property
    def rows(self) -> int:
        """Most frames that go through together."""
        return self.tensors[0].shape[0]

    def run(self, images: np.ndarray) -> Dict[str, np.ndarray]:
        """Outputs by name, new arrays.

        Args:
            images: float32 or uint8 (B, H, W, 3), B at most `rows`.
        """
        count = len(images)
        self.tensors[0].host[:count] = images  # and to the engine's own type
        rows = self.rows if self.is_fixed else count
        if rows != self._last_rows:
            self._drop_graph()
            if not self.is_fixed:
                self._context.set_input_shape(self.tensors[0].name, (rows, *self.tensors[0].shape[1:]))
            self._enqueue(rows)  # the first call of a size does what cannot be captured
        elif self._graph is not None:
            self._cuda.launch(self._graph, self._stream)
        elif not self._use_graphs or not self._capture(rows):
            self._enqueue(rows)
        self._last_rows = rows
        self._cuda.synchronize(self._stream)
        return {
            tensor.name: np.array(
                tensor.host[:count], np.float32 if tensor.host.dtype == np.float16 else None
            )
            for tensor in self.tensors[1:]
        }

    def _enqueue(self, rows: int) -> None:
        """Copy, compute, copy back: all of it later, on the stream."""
        image, stream = self.tensors[0], self._stream
        self._cuda.copy_to_device(image.device, image.pinned, rows * image.row_bytes, stream)
        if not self._context.execute_async_v3(stream):
            raise EngineError(f"{self._api.description} failed: {self._api.reason()}")
        for tensor in self.tensors[1:]:
            self._cuda.copy_to_host(tensor.pinned, tensor.device, rows * tensor.row_bytes, stream)

    def _capture(self, rows: int) -> bool:
        """Write down what `_enqueue` does, and do it once; False where that is not possible."""
        try:
            self._cuda.begin_capture(self._stream)
            try:
                self._enqueue(rows)
            finally:
                self._graph = self._cuda.end_capture(self._stream)
            self._cuda.launch(self._graph, self._stream)
        except EngineError as error:
            log.debug("no CUDA graph, calls are a little slower: %s", error)
            self._use_graphs = False
            self._drop_graph()
            return False
        return True

    def _drop_graph(self) -> None:
        if self._graph is not None:
            self._cuda.destroy_graph(self._graph)
            self._graph = None

    def close(self) -> None:
        """Give all of it back."""
        try:
            self._drop_graph()
            self._context = None
            for tensor in self.tensors:
                tensor.free()
            self._cuda.destroy_stream(self._stream)
        except EngineError as error:  # after an error on the GPU every call fails
            log.debug("closing: %s", error)
        self.tensors = []


class TensorRTRunner(Runner):
    """An engine, ready to run; as many lanes as there are calls at once.

    Args:
        engine: serialised, as `build` gives it.
        outputs: names, in the order that `run` gives them.
        use_graphs: whether calls are captured as CUDA graphs.

    Raises:
        EngineError: no GPU, not enough of its memory, or the engine is for another one.
    """

    def __init__(
        self, api: Api, engine: bytes, outputs: Sequence[str], use_graphs: bool = True
    ) -> None:
        self._api = api
        self._cuda = find_cuda()
        self._cuda.activate()
        self._outputs = list(outputs)
        self._use_graphs = use_graphs
        api.messages.clear()
        self._runtime = api.trt.Runtime(api.logger)
        self._engine = self._runtime.deserialize_cuda_engine(engine)
        if self._engine is None:
            raise EngineError(f"{api.description} cannot load this engine: {api.reason()}")
        self._free: List[Lane] = []
        self._made = 1
        self._changed = threading.Condition()
        first = Lane(api, self._cuda, self._engine, use_graphs)
        self._free.append(first)
        found = [tensor.name for tensor in first.tensors[1:]]
        if sorted(found) != sorted(self._outputs):
            self.close()
            raise EngineError(f"the engine gives {found}, and not {self._outputs}")
        # before 8.6 a profile serves one context only
        self._most = None if first.is_fixed or api.contexts_share_profiles else 1

    def run(self, tensors: Tensors) -> Tensors:
        """See `Runner.run`. Takes float32 or uint8 (B, H, W, 3), RGB, resized; any B.

        Raises:
            EngineError: another shape or type, or the GPU failed.
        """
        (images,) = tensors
        self._cuda.activate()
        lane = self._take()
        try:
            _check(images, lane.tensors[0].shape)
            rows = lane.rows
            pieces = [lane.run(images[at : at + rows]) for at in range(0, len(images), rows)]
        finally:
            self._give(lane)
        return tuple(
            pieces[0][name] if len(pieces) == 1 else np.concatenate([piece[name] for piece in pieces])
            for name in self._outputs
        )

    def _take(self) -> Lane:
        with self._changed:
            while not self._free and self._most is not None and self._made >= self._most:
                self._changed.wait()
            if self._free:
                return self._free.pop()
            lane = Lane(self._api, self._cuda, self._engine, self._use_graphs)
            self._made += 1
            return lane

    def _give(self, lane: Lane) -> None:
        with self._changed:
            self._free.append(lane)
            self._changed.notify()

    def close(self) -> None:
        """See `Runner.close`."""
        self._cuda.activate()
        while self._free:
            self._free.pop().close()
        self._engine = None
        self._runtime = None


def _check(images: np.ndarray, shape: Tuple[int, ...]) -> None:
    if images.ndim != 4 or images.shape[1:] != shape[1:] or not len(images):
        raise EngineError(f"the engine takes (B, {', '.join(map(str, shape[1:]))}); got {images.shape}")
    if images.dtype not in (np.float32, np.uint8):
        raise EngineError(f"the engine takes float32 or uint8; got {images.dtype}")
