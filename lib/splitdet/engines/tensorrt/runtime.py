"""Running an engine from any thread: there are as many lanes as calls at once."""

from __future__ import annotations

import threading
from typing import Any, List, Optional, Sequence

import numpy as np

from splitdet.engines.base import Runner
from splitdet.engines.tensorrt.api import Api
from splitdet.engines.tensorrt.copies import CopyEntry, CopyExit
from splitdet.engines.tensorrt.cuda import find_cuda
from splitdet.engines.tensorrt.lane import Lane, MakeEntry, MakeExit
from splitdet.errors import EngineError
from splitdet.types import Tensors


class TensorRTRunner(Runner):
    """An engine, ready to run; as many lanes as there are calls at once.

    Args:
        engine: serialised, as `build` gives it.
        outputs: names, in the order that `make_exit` takes them.
        make_entry: how frames come in.
        make_exit: what becomes of the outputs.
        use_graphs: whether calls are captured as CUDA graphs.
        dla_core: the DLA that the engine was built for. Not run on hardware.

    Raises:
        EngineError: no GPU, not enough of its memory, or the engine is for another one.
    """

    def __init__(
        self,
        api: Api,
        engine: bytes,
        outputs: Sequence[str],
        make_entry: MakeEntry = CopyEntry,
        make_exit: MakeExit = CopyExit,
        use_graphs: bool = True,
        dla_core: Optional[int] = None,
    ) -> None:
        self.size_bytes = len(engine)
        self._api = api
        self._cuda = find_cuda()
        self._cuda.activate()
        self._outputs = list(outputs)
        self._ends = (make_entry, make_exit)
        self._use_graphs = use_graphs and dla_core is None  # a graph cannot hold what a DLA does
        api.messages.clear()
        self._runtime = api.trt.Runtime(api.logger)
        if dla_core is not None:
            self._runtime.DLA_core = dla_core
        self._engine = self._runtime.deserialize_cuda_engine(engine)
        if self._engine is None:
            raise EngineError(f"{api.description} cannot load this engine: {api.reason()}")
        self._free: List[Lane] = []
        self._made = 1
        self._changed = threading.Condition()
        first = self._make_lane()
        self._free.append(first)
        self.reads_remote = first.reads_remote
        # before 8.6 a profile serves one context only
        self._most = None if first.is_fixed or api.contexts_share_profiles else 1

    def _make_lane(self) -> Lane:
        api, cuda = self._api, self._cuda
        return Lane(api, cuda, self._engine, self._outputs, *self._ends, self._use_graphs)

    def run(self, tensors: Tensors) -> Tensors:
        """See `Runner.run`. Takes one array, or frames one by one; any number of them.

        Raises:
            EngineError: another shape or type, or the GPU failed.
        """
        images: Any = tensors[0] if len(tensors) == 1 and tensors[0].ndim == 4 else tensors
        self._cuda.activate()
        lane = self._take()
        try:
            rows = lane.rows
            pieces = [lane.run(images[at : at + rows]) for at in range(0, len(images), rows)]
        finally:
            self._give(lane)
        if len(pieces) == 1:
            return pieces[0]
        return tuple(np.concatenate(arrays) for arrays in zip(*pieces))

    def _take(self) -> Lane:
        with self._changed:
            while not self._free and self._most is not None and self._made >= self._most:
                self._changed.wait()
            if self._free:
                return self._free.pop()
            lane = self._make_lane()
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
