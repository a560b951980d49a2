"""What shows pictures to TensorRT 8.5 to 10 while it finds the ranges of INT8.

Later versions have no calibrator: see `quantize`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, List, Optional, Sequence

import numpy as np

from splitdet.engines.cache import load_checked, store_checked
from splitdet.engines.pictures import Pictures
from splitdet.engines.tensorrt.api import Api
from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.errors import EngineError

_TABLE = ".calibration"


@contextmanager
def calibrator(api: Api, cuda: Cuda, pictures: Pictures, count: int, key: str) -> Iterator[Any]:
    """What TensorRT 8.5 to 10 asks for pictures; it keeps the ranges in the cache folder.

    Args:
        count: pictures in a batch.
        key: of network and pictures, for the ranges.
    """
    trt = api.trt
    batches = pictures.batches(count)
    cuda.activate()
    stream = cuda.create_stream()
    height, width = pictures.size
    size = count * height * width * 3 * 4
    device = cuda.allocate(size)
    address, host = cuda.allocate_pinned(size)

    class Calibrator(trt.IInt8EntropyCalibrator2):  # type: ignore[misc, name-defined]
        """Called from the thread that builds."""

        def __init__(self) -> None:
            trt.IInt8EntropyCalibrator2.__init__(self)
            self.error: Optional[Exception] = None

        def get_batch_size(self) -> int:
            """Pictures in a batch."""
            return count

        def get_batch(self, names: Sequence[str]) -> Optional[List[int]]:
            """Address of the next batch on the GPU; None after the last."""
            try:
                batch = next(batches, None)
                if batch is None:
                    return None
                host[:] = np.ascontiguousarray(batch).view(np.uint8).ravel()
                cuda.copy_to_device(device, address, size, stream)
                cuda.synchronize(stream)
                return [device]
            except EngineError as error:  # an error must not pass through TensorRT
                self.error = error
                return None

        def read_calibration_cache(self) -> Optional[bytes]:
            """The ranges of an earlier build."""
            return load_checked(key, _TABLE)

        def write_calibration_cache(self, cache: Any) -> None:
            """Keep the ranges."""
            if self.error is None:
                store_checked(key, _TABLE, bytes(cache))

    try:
        yield Calibrator()
    finally:
        cuda.free(device)
        cuda.free_pinned(address)
        cuda.destroy_stream(stream)
