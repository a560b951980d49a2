"""Pictures that INT8 finds its ranges with."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, List, Tuple

import numpy as np

from splitdet.engines.cache import key_of
from splitdet.errors import EngineError, SourceError
from splitdet.resize import resize_batch
from splitdet.sources.images import find_pictures, read_picture

MOST_PICTURES = 500
NEEDED = (
    "precision int8 needs pictures to find its ranges with, a few hundred of the kind that will be "
    "seen: --set calibration=FOLDER (in config.yml calibration: FOLDER; of splitdet build "
    "--calibration FOLDER)"
)
"""What is said where INT8 is asked for without them."""
_FORMAT = "2"
"""To be changed when the same files give other numbers."""


class Pictures:
    """Pictures of a folder and its subfolders, as a network reads them; the first 500 by name.

    Args:
        size: height and width that they are stretched to; pixels.

    Raises:
        EngineError: none there.
    """

    def __init__(self, folder: str, size: Tuple[int, int]) -> None:
        self.size = size
        self._files = _find(folder)[:MOST_PICTURES]

    def __len__(self) -> int:
        return len(self._files)

    @property
    def digest(self) -> str:
        """Changes with what is in the files, and not with where they lie."""
        return key_of("pictures", _FORMAT, *(key_of(_bytes_of(path)) for path in self._files))

    def batches(self, count: int) -> Iterator[np.ndarray]:
        """float32 (count, H, W, 3), RGB, 0..255; a rest that does not fill a batch is left out,
        unless it is all there is.

        Raises:
            EngineError: a file is not a picture.
        """
        batch: List[np.ndarray] = []
        for path in self._files:
            batch.append(_read(path))
            if len(batch) == count:
                yield resize_batch(batch, self.size)
                batch = []
        if batch and len(self._files) < count:
            yield resize_batch([batch[i % len(batch)] for i in range(count)], self.size)


def first_picture(folder: str) -> np.ndarray:
    """The first of them as it is: uint8 (H, W, 3), BGR.

    Raises:
        EngineError: none there, or it cannot be read.
    """
    return _read(_find(folder)[0])


def _find(folder: str) -> List[str]:
    if not folder:
        raise EngineError(NEEDED)
    try:
        return find_pictures(folder)
    except SourceError as error:
        raise EngineError(f"calibration: {error}") from None


def _read(path: str) -> np.ndarray:
    image = read_picture(path)
    if image is None:
        raise EngineError(f"calibration: {path}: not a picture that can be read")
    return image


def _bytes_of(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise EngineError(f"calibration: {path}: {error.strerror}") from None
