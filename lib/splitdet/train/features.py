"""What the frozen layers give for each view of a picture, computed once and kept.

Frozen layers give the same for the same view, epoch after epoch. On a CPU they are most of the work;
so each picture gets a number of views, and what the layers give for them is kept in a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from splitdet.errors import TrainError
from splitdet.files import reserve
from splitdet.resize import resize_batch
from splitdet.train.augment import View

_TOGETHER = 16
Objects = Tuple[np.ndarray, np.ndarray]
"""Boxes and classes of a view."""


def as_input(images: Sequence[np.ndarray], size_px: int) -> np.ndarray:
    """Pictures as the network takes them: float32 (B, size, size, 3), RGB, -1..1."""
    return np.asarray(resize_batch(images, (size_px, size_px)) * np.float32(2 / 255) - np.float32(1))


class FeatureCache:
    """The inputs of the layers that are trained, for any view of any picture.

    Args:
        view: gives a view of picture `index`; the second argument is the number of the view.
        front: the frozen layers: float32 (B, size, size, 3) to (B, h, w, c).
        count: pictures.
        views: different views of each picture; later ones are those again. 0: all are different,
            and nothing is kept.
        path: the file, `count` rows for each view; all of its space is taken with the first row.
    """

    def __init__(
        self,
        view: Callable[[int, int], View],
        front: Callable[[np.ndarray], np.ndarray],
        count: int,
        views: int,
        size_px: int,
        path: Path,
    ) -> None:
        self._view = view
        self._front = front
        self._count = count
        self._views = views
        self._size_px = size_px
        self._path = path
        self._kept: Dict[int, List[Objects]] = {}
        self._rows: Optional[np.memmap] = None

    def prepare(self, number: int, progress: Callable[[int], Any]) -> None:
        """Compute view `number` of all pictures, unless it is there.

        Always in the same order and in the same batches, so that a run that is taken up again
        computes the same to the bit.

        Args:
            progress: is told of pictures that are done.
        """
        if not self._views or number % self._views in self._kept:
            return
        number %= self._views
        objects: List[Objects] = []
        for begin in range(0, self._count, _TOGETHER):
            indices = range(begin, min(begin + _TOGETHER, self._count))
            features, of_batch = self._compute(indices, number)
            rows = self._file(features.shape[1:])
            rows[number * self._count + begin : number * self._count + begin + len(indices)] = features
            objects += of_batch
            progress(len(indices))
        self._kept[number] = objects

    def batch(self, indices: Sequence[int], number: int) -> Tuple[np.ndarray, List[Objects]]:
        """View `number` of some pictures: features float32 (B, h, w, c), boxes and classes."""
        if not self._views:
            return self._compute(indices, number)
        number %= self._views
        rows = self._file(())
        places = [number * self._count + index for index in indices]
        features = np.stack([rows[place] for place in places]).astype(np.float32)
        return features, [self._kept[number][index] for index in indices]

    def _compute(self, indices: Sequence[int], number: int) -> Tuple[np.ndarray, List[Objects]]:
        views = [self._view(index, number) for index in indices]
        features = self._front(as_input([view[0] for view in views], self._size_px))
        return features, [view[1:] for view in views]

    def _file(self, shape: Sequence[int]) -> np.memmap:
        """The rows, half precision: enough for what is not trained any further."""
        if self._rows is None:
            self._rows = self._new_file((self._views * self._count, *shape))
        return self._rows

    def _new_file(self, shape: Tuple[int, ...]) -> np.memmap:
        """An array in the file, whose space is taken at once."""
        size_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(np.float16).itemsize
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(str(self._path), "w+b") as file:
                reserve(file.fileno(), size_bytes)
        except OSError as error:
            raise TrainError(
                f"{self._path}: cannot take {size_bytes / 1e6:,.1f} MB for what the frozen layers give "
                f"for {self._views} views of {self._count} pictures ({error.strerror}); make room for "
                "it, or set fewer views (0: nothing is kept)"
            ) from None
        return np.memmap(str(self._path), np.float16, "r+", shape=shape)

    def close(self) -> None:
        """Remove the file."""
        self._rows = None
        if self._path.is_file():
            self._path.unlink()
