"""Kernels of our own: what is done on the GPU in front of an engine and behind it."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from pathlib import Path
from typing import Any, Sequence, Tuple, Union

from splitdet.engines.tensorrt.cuda import Cuda

THREADS = 256
"""Of a block."""


class Kernels:
    """The kernels of kernels.cu, which says what their arguments are."""

    def __init__(self, cuda: Cuda) -> None:
        self._cuda = cuda
        module = cuda.load_kernels((Path(__file__).parent / "kernels.ptx").read_bytes())
        self._functions = {name: cuda.kernel(module, name) for name in ("resize", "choose", "suppress")}

    def run(
        self,
        name: str,
        grid: Tuple[int, int, int],
        arguments: Sequence[Union[int, float]],
        stream: int,
        shared_bytes: int = 0,
    ) -> None:
        """Run one, later. Addresses are given as `Address`, other numbers as they are."""
        values = [_typed(argument) for argument in arguments]
        self._cuda.run_kernel(self._functions[name], grid, THREADS, values, stream, shared_bytes)


class Address(int):
    """Where something lies on the GPU."""


def _typed(argument: Union[int, float]) -> Any:
    if isinstance(argument, Address):
        return ctypes.c_void_p(argument)
    return ctypes.c_float(argument) if isinstance(argument, float) else ctypes.c_int(argument)


@lru_cache(maxsize=None)
def find_kernels(cuda: Cuda) -> Kernels:
    """The kernels, loaded once."""
    return Kernels(cuda)
