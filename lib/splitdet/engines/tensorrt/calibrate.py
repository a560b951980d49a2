"""Pictures that INT8 finds its ranges with, and the calibrator that shows them to TensorRT 8.5 to 10.

Later versions have none: see `quantize`.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from splitdet.engines.cache import load_checked, store_checked
from splitdet.engines.tensorrt.api import Api
from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.errors import EngineError

SUFFIXES = (".jpeg", ".jpg", ".png", ".bmp", ".webp")
MOST_PICTURES = 500
_TABLE = ".calibration"


class Pictures:
    """Pictures of a folder and its subfolders, as a network reads them.

    Args:
        size: height and width that they are stretched to; pixels.

    Raises:
        EngineError: none there.
    """

    def __init__(self, folder: str, size: Tuple[int, int]) -> None:
        self.size = size
        found = sorted(Path(folder).rglob("*")) if folder else []
        self._files = [path for path in found if path.suffix.lower() in SUFFIXES][:MOST_PICTURES]
        if not self._files:
            raise EngineError(f"--calibration {folder}: no pictures there ({', '.join(SUFFIXES)})")

    def __len__(self) -> int:
        return len(self._files)

    @property
    def digest(self) -> str:
        """SHA-256 of all files."""
        digest = hashlib.sha256()
        for path in self._files:
            digest.update(hashlib.sha256(_bytes_of(path)).digest())
        return digest.hexdigest()

    def batches(self, count: int) -> Iterator[np.ndarray]:
        """float32 (count, H, W, 3), RGB, 0..255; a rest that does not fill a batch is left out,
        unless it is all there is.

        Raises:
            EngineError: a file is not a picture.
        """
        batch: List[np.ndarray] = []
        for path in self._files:
            batch.append(self._read(path))
            if len(batch) == count:
                yield np.stack(batch)
                batch = []
        if batch and len(self._files) < count:
            yield np.stack([batch[i % len(batch)] for i in range(count)])

    def _read(self, path: Path) -> np.ndarray:
        image = cv2.imdecode(np.frombuffer(_bytes_of(path), np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise EngineError(f"{path}: not a picture that can be read")
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        height, width = self.size
        return np.asarray(cv2.resize(rgb, (width, height)), np.float32)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes() or b"\0"
    except OSError as error:
        raise EngineError(f"{path}: {error.strerror}") from None


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
