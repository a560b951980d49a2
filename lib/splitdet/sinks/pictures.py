"""Results as a tree of pictures."""

from __future__ import annotations

import os
from typing import Optional

import numpy as np

from splitdet.errors import SinkError
from splitdet.sinks.base import Sink
from splitdet.sinks.files import write_picture
from splitdet.sinks.video import USUAL_CODECS
from splitdet.sources.images import SUFFIXES
from splitdet.types import Detections, Frame

IMAGE_FOLDER = "output_image"


class ImageSink(Sink):
    """A folder of pictures with the results drawn: same path, size and format as the source.

    Args:
        folder: where the tree begins.
    """

    def __init__(self, folder: str) -> None:
        if folder.lower().endswith((*SUFFIXES, *USUAL_CODECS)):
            raise SinkError(f"{folder}: expects a folder, in which the pictures keep their paths")
        self._folder = folder

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._folder

    def wants_picture(self) -> bool:
        """See `Sink.wants_picture`."""
        return True

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        assert picture is not None
        path = os.path.join(self._folder, _inside(frame.source))
        if os.path.realpath(path) == os.path.realpath(frame.source):
            raise SinkError(f"{path}: would be written over; write somewhere else")
        write_picture(path, picture)


def _inside(path: str) -> str:
    """`path` so that it can be put under a folder: below the working directory, or without root."""
    relative = os.path.relpath(path)
    if relative.startswith(os.pardir):
        relative = os.path.splitdrive(os.path.abspath(path))[1].lstrip(os.sep)
    return relative
