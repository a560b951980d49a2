"""Pictures that are in memory already."""

from __future__ import annotations

import time
from typing import Iterable, Iterator, Optional

from splitdet.sources.base import Source
from splitdet.types import Frame, Pixels, RemotePicture, check_image


class MemorySource(Source):
    """Frames out of anything that gives arrays: a list, a generator, another program's reader.

    Args:
        images: uint8 (H, W, 3), BGR, or `RemotePicture`. They are read, not copied, and must not be
            changed before their result is there, unless they are copied.
        copy: copy them.
    """

    unit = "images"

    def __init__(self, images: Iterable[Pixels], copy: bool = False) -> None:
        super().__init__("memory")
        self._copy = copy
        self._images: Iterator[Pixels] = iter(images)

    def read(self) -> Optional[Frame]:
        """See `Source.read`; ValueError where something else than such an array comes."""
        begin_s = time.perf_counter()
        try:
            image = next(self._images)
        except StopIteration:
            return None
        if not isinstance(image, RemotePicture):
            check_image(image)
            # a view: the caller's own array stays writable
            image = image.copy() if self._copy else image.view()
        return self._frame(image, f"{self.name}:{self._index}", None, begin_s)
