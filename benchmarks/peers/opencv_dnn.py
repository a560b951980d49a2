"""OpenCV's DNN module: of a detector the network with its resize, as ONNX, and the NMS by OpenCV; of a
segmenter the network for one size.

Its reader of frozen graphs does not take these: the control flow of their NMS and preparation.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Sequence, Tuple

import cv2
import numpy as np
from base import SIZE_PX, Answer, Peer, Unable, for_segmenter, rgb
from files import converted
from network import FRAME, network, segmenter, suppress

OPSET = 13


class OpenCvDnn(Peer):
    """A plain loop around `forward`."""

    def open(self) -> None:
        """See `Peer.open`."""
        rest = "network, rewritten for one size" if self.segments else "network; NMS by OpenCV"
        self.title = f"OpenCV {cv2.__version__} DNN, {rest}"
        self._names = ["pixels:0"] if self.segments else ["boxes:0", "scores:0"]
        file = converted(self.graph, ".network.onnx")
        if not file.exists():
            self._convert(str(file))
        try:
            self._net = cv2.dnn.readNetFromONNX(str(file))
            self._forward(np.zeros((*SIZE_PX, 3), np.uint8))
        except cv2.error as error:
            raise Unable(" ".join(str(error).split())[:300]) from None

    def _convert(self, path: str) -> None:
        import tf2onnx

        whole, _, ends = (segmenter if self.segments else network)(self.graph)
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
            results = self._forward(frame)
            if self.segments:
                yield index, results[0][0]
            else:
                boxes = results[0].reshape(-1, 4)
                yield index, suppress(boxes, results[1].reshape(len(boxes), -1), self.threshold)

    def _forward(self, frame: np.ndarray) -> Sequence[np.ndarray]:
        image = for_segmenter(frame) if self.segments else rgb(frame)
        self._net.setInput(image.astype(np.float32), FRAME + ":0")
        results: Sequence[np.ndarray] = self._net.forward(self._names)
        return results
