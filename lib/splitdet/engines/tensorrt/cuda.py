"""The CUDA driver, as far as an engine needs it: memory, streams, graphs, kernels.

Called through ctypes, so that the driver is all that must be installed. It uses the GPU's primary
context, which TensorRT and TensorFlow use as well.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any, Sequence, Tuple

import numpy as np

from splitdet.errors import EngineError

LIBRARY = "libcuda.so.1"
_OUT_OF_MEMORY = 2
_NON_BLOCKING = 1  # of a stream: it does not wait for the default one
_DEFAULT_STREAM = 0
_THREAD_LOCAL = 1  # of a capture: what other threads do meanwhile is not part of it
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76
_pointer = ctypes.c_void_p
_size = ctypes.c_size_t
_SIGNATURES = {
    "cuInit": [ctypes.c_uint],
    "cuGetErrorString": [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)],
    "cuDeviceGetCount": [ctypes.POINTER(ctypes.c_int)],
    "cuDeviceGet": [ctypes.POINTER(ctypes.c_int), ctypes.c_int],
    "cuDeviceGetName": [ctypes.c_char_p, ctypes.c_int, ctypes.c_int],
    "cuDeviceGetAttribute": [ctypes.POINTER(ctypes.c_int), ctypes.c_int, ctypes.c_int],
    "cuDevicePrimaryCtxRetain": [ctypes.POINTER(_pointer), ctypes.c_int],
    "cuCtxSetCurrent": [_pointer],
    "cuMemAlloc_v2": [ctypes.POINTER(_pointer), _size],
    "cuMemFree_v2": [_pointer],
    "cuMemHostAlloc": [ctypes.POINTER(_pointer), _size, ctypes.c_uint],
    "cuMemFreeHost": [_pointer],
    "cuMemcpyHtoD_v2": [_pointer, _pointer, _size],
    "cuMemcpyDtoH_v2": [_pointer, _pointer, _size],
    "cuMemsetD32Async": [_pointer, ctypes.c_uint, _size, _pointer],
    "cuMemcpyDtoDAsync_v2": [_pointer, _pointer, _size, _pointer],
    "cuMemcpyHtoDAsync_v2": [_pointer, _pointer, _size, _pointer],
    "cuMemcpyDtoHAsync_v2": [_pointer, _pointer, _size, _pointer],
    "cuStreamCreate": [ctypes.POINTER(_pointer), ctypes.c_uint],
    "cuStreamSynchronize": [_pointer],
    "cuStreamDestroy_v2": [_pointer],
    "cuStreamBeginCapture_v2": [_pointer, ctypes.c_int],
    "cuStreamEndCapture": [_pointer, ctypes.POINTER(_pointer)],
    "cuGraphInstantiateWithFlags": [ctypes.POINTER(_pointer), _pointer, ctypes.c_ulonglong],
    "cuGraphLaunch": [_pointer, _pointer],
    "cuGraphDestroy": [_pointer],
    "cuGraphExecDestroy": [_pointer],
    "cuModuleLoadData": [ctypes.POINTER(_pointer), ctypes.c_char_p],
    "cuModuleGetFunction": [ctypes.POINTER(_pointer), _pointer, ctypes.c_char_p],
    "cuLaunchKernel": [
        *[_pointer, *[ctypes.c_uint] * 7],
        *[_pointer, ctypes.POINTER(_pointer), ctypes.POINTER(_pointer)],
    ],
}


class Cuda:
    """The first GPU. Each thread calls `activate` before anything else.

    Raises:
        EngineError: no driver, or no GPU.
    """

    def __init__(self, library: str = LIBRARY) -> None:
        try:
            self._driver = ctypes.CDLL(library)
        except OSError:
            raise EngineError(f"no NVIDIA GPU can be used here: {library} is not there") from None
        for name, arguments in _SIGNATURES.items():
            function = getattr(self._driver, name, None)
            if function is not None:  # drivers before CUDA 11.4 lack one: no graphs then
                function.argtypes = arguments
                function.restype = ctypes.c_int
        self._call("cuInit", 0)
        count, device = ctypes.c_int(), ctypes.c_int()
        self._call("cuDeviceGetCount", ctypes.byref(count))
        if not count.value:
            raise EngineError("no NVIDIA GPU can be used here: the driver finds none")
        self._call("cuDeviceGet", ctypes.byref(device), 0)
        text = ctypes.create_string_buffer(256)
        self._call("cuDeviceGetName", text, len(text), device)
        self.name = text.value.decode("utf-8", "replace")
        """Such as `NVIDIA H200`."""
        self.capability = (
            self._attribute(_CAPABILITY_MAJOR, device),
            self._attribute(_CAPABILITY_MINOR, device),
        )
        """Compute capability: (9, 0)."""
        self._context = _pointer()
        # kept until the process ends: TensorFlow may use it as well
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(self._context), device)

    def _call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._driver, name)(*arguments)
        if code == _OUT_OF_MEMORY:
            raise EngineError("the GPU is out of memory; use a smaller batch or fewer feeders")
        if code:
            text = ctypes.c_char_p()
            self._driver.cuGetErrorString(code, ctypes.byref(text))
            reason = (text.value or b"unknown error").decode()
            raise EngineError(f"CUDA: {reason} ({name}, {code})")

    def _attribute(self, number: int, device: ctypes.c_int) -> int:
        value = ctypes.c_int()
        self._call("cuDeviceGetAttribute", ctypes.byref(value), number, device)
        return value.value

    def _made(self, name: str, *arguments: Any) -> int:
        handle = _pointer()
        self._call(name, ctypes.byref(handle), *arguments)
        return int(handle.value or 0)

    def activate(self) -> None:
        """Use this GPU in the calling thread."""
        self._call("cuCtxSetCurrent", self._context)

    def allocate(self, size: int) -> int:
        """Address of `size` bytes on the GPU."""
        return self._made("cuMemAlloc_v2", max(1, size))

    def free(self, address: int) -> None:
        """Give `allocate`'s memory back."""
        self._call("cuMemFree_v2", address)

    def allocate_pinned(self, size: int) -> Tuple[int, np.ndarray]:
        """Memory of the host that the GPU copies from by itself: its address, and uint8 (size,)."""
        address = self._made("cuMemHostAlloc", max(1, size), 0)
        return address, np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))

    def free_pinned(self, address: int) -> None:
        """Give `allocate_pinned`'s memory back; its array must not be read any more."""
        self._call("cuMemFreeHost", address)

    def create_stream(self) -> int:
        """Work that is done in order, apart from that of other streams."""
        return self._made("cuStreamCreate", _NON_BLOCKING)

    def destroy_stream(self, stream: int) -> None:
        """Give it back."""
        self._call("cuStreamDestroy_v2", stream)

    def synchronize(self, stream: int) -> None:
        """Wait until the stream's work is done."""
        self._call("cuStreamSynchronize", stream)

    @property
    def context(self) -> int:
        """The handle of the primary context, for libraries that are to share it."""
        return int(self._context.value or 0)

    def copy_on_device(self, target: int, source: int, size: int, stream: int) -> None:
        """From one place on the GPU to another, later."""
        self._call("cuMemcpyDtoDAsync_v2", target, source, size, stream)

    def copy_to_device(self, target: int, source: int, size: int, stream: int) -> None:
        """Pinned memory to the GPU, later."""
        self._call("cuMemcpyHtoDAsync_v2", target, source, size, stream)

    def copy_to_host(self, target: int, source: int, size: int, stream: int) -> None:
        """From the GPU to pinned memory, later."""
        self._call("cuMemcpyDtoHAsync_v2", target, source, size, stream)

    def fill_device(self, target: int, data: np.ndarray) -> None:
        """A contiguous array to the GPU, at once."""
        self._call("cuMemcpyHtoD_v2", target, data.ctypes.data, data.nbytes)
        self.synchronize(_DEFAULT_STREAM)  # the call ends when the array has been read

    def read_device(self, target: np.ndarray, source: int) -> None:
        """From the GPU into a contiguous array, at once."""
        self._call("cuMemcpyDtoH_v2", target.ctypes.data, source, target.nbytes)

    def clear(self, target: int, words: int, stream: int) -> None:
        """Set so many 32-bit words on the GPU to zero, later."""
        self._call("cuMemsetD32Async", target, 0, words, stream)

    def load_kernels(self, ptx: bytes) -> int:
        """A module of kernels, compiled for this GPU by the driver; kept until the process ends."""
        return self._made("cuModuleLoadData", ptx)

    def kernel(self, module: int, name: str) -> int:
        """One kernel of a module."""
        return self._made("cuModuleGetFunction", module, name.encode())

    def run_kernel(
        self,
        kernel: int,
        grid: Tuple[int, int, int],
        threads: int,
        arguments: Sequence[Any],
        stream: int,
        shared_bytes: int = 0,
    ) -> None:
        """Run a kernel, later.

        Args:
            grid: blocks along x, y and z.
            threads: of each block.
            arguments: ctypes values, of the types that the kernel takes.
        """
        pointers = (_pointer * len(arguments))(*[ctypes.addressof(argument) for argument in arguments])
        self._call("cuLaunchKernel", kernel, *grid, threads, 1, 1, shared_bytes, stream, pointers, None)

    @property
    def has_graphs(self) -> bool:
        """Whether the driver can replay what a stream did."""
        return hasattr(self._driver, "cuGraphInstantiateWithFlags")

    def begin_capture(self, stream: int) -> None:
        """From now on the stream's work is only written down."""
        self._call("cuStreamBeginCapture_v2", stream, _THREAD_LOCAL)

    def end_capture(self, stream: int) -> int:
        """What was written down, ready to be launched."""
        graph = _pointer()
        self._call("cuStreamEndCapture", stream, ctypes.byref(graph))
        try:
            return self._made("cuGraphInstantiateWithFlags", graph, 0)
        finally:
            self._call("cuGraphDestroy", graph)

    def launch(self, graph: int, stream: int) -> None:
        """Do again what was captured."""
        self._call("cuGraphLaunch", graph, stream)

    def destroy_graph(self, graph: int) -> None:
        """Give it back."""
        self._call("cuGraphExecDestroy", graph)


@lru_cache(maxsize=None)
def find_cuda() -> Cuda:
    """The first GPU, once.

    Raises:
        EngineError: no driver, or no GPU.
    """
    return Cuda()
