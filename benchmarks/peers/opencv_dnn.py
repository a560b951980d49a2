"""OpenCV's DNN module: the network with its resize, as ONNX; the NMS by OpenCV.

Its reader of frozen graphs does not take these: the control flow of their NMS and preparation.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Tuple

import cv2
import numpy as np
from base import Answer, Peer, Unable
from files import converted
from network import FRAME, network, suppress

OPSET = 13


class OpenCvDnn(Peer):
    """A plain loop around `forward`."""

    def open(self) -> None:
        """See `Peer.open`."""
        if self.segments:
            raise Unable("its reader does not take this graph")
        self.title = f"OpenCV {cv2.__version__} DNN, network; NMS by OpenCV"
        file = converted(self.graph, ".network.onnx")
        if not file.exists():
            self._convert(str(file))
        try:
            self._net = cv2.dnn.readNetFromONNX(str(file))
            self._net.setInput(np.zeros((1, 720, 1280, 3), np.float32), FRAME + ":0")
            self._names = ["boxes:0", "scores:0"]
            self._net.forward(self._names)
        except cv2.error as error:
            raise Unable(" ".join(str(error).split())[:300]) from None

    def _convert(self, path: str) -> None:
        import tf2onnx

        whole, _, ends = network(self.graph)
        tf2onnx.convert.from_graph_def(
            whole.as_graph_def(),
            input_names=[FRAME + ":0"],
            output_names=[end.name for end in ends],
            opset=OPSET,
            output_path=path,
        )

    def run(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[int, Answer]]:
        """See `Peer.run`."""
        for index, frame in enumerate(frames):
            image = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).astype(np.float32)[np.newaxis]
            self._net.setInput(image, FRAME + ":0")
            boxes, scores = self._net.forward(self._names)
            yield index, suppress(boxes.reshape(-1, 4), scores.reshape(len(boxes), -1), self.threshold)
