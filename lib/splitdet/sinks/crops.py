"""What was found, cut out of the frames."""

from __future__ import annotations

import os
from typing import Optional

import numpy as np

from splitdet.labels import Labels
from splitdet.sinks.base import Sink
from splitdet.sinks.files import frame_name, safe_name, write_picture
from splitdet.types import Detections, Frame


class CropSink(Sink):
    """A folder for each class, with a picture of each detection: the frame's own pixels, lossless.

    They are called LABEL/FILE_FRAME_POSITION.png, where the best of a frame has position 0.

    Args:
        folder: where the folders of the classes are made.
        with_stream: of several inputs: INPUT_FILE_FRAME_POSITION.png.
    """

    def __init__(self, folder: str, labels: Labels, with_stream: bool = False) -> None:
        self._folder = folder
        self._labels = labels
        self._with_stream = with_stream

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._folder

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`. A box without a pixel gives no picture."""
        first = f"{frame.stream}_" if self._with_stream else ""
        boxes = found.boxes_px(frame.height, frame.width)
        for position, (box, class_id) in enumerate(zip(boxes, found.classes)):
            top, left, bottom, right = box
            crop = frame.image[top:bottom, left:right]
            if crop.size:
                name = f"{first}{frame_name(frame.source, frame.index)}_{position}.png"
                write_picture(os.path.join(self._folder, safe_name(self._labels[class_id]), name), crop)
