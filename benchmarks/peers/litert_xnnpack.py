"""LiteRT (TensorFlow Lite) with XNNPACK: the network with its resize, converted; the NMS by OpenCV."""

from __future__ import annotations

import os
from typing import Iterable, Iterator, Tuple

import cv2
import numpy as np
from base import Answer, Peer, Unable
from files import converted
from network import network, suppress


class LiteRt(Peer):
    """A plain loop around `invoke`."""

    def open(self) -> None:
        """See `Peer.open`."""
        from importlib.metadata import version

        from ai_edge_litert.interpreter import Interpreter

        if self.segments:
            raise Unable("its converter does not take this graph's own preparation")
        self.title = f"LiteRT {version('ai-edge-litert')}, XNNPACK, network; NMS by OpenCV"
        file = converted(self.graph, ".tflite")
        if not file.exists():
            file.write_bytes(self._convert())
        self._interpreter = Interpreter(str(file), num_threads=os.cpu_count())
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        ends = self._interpreter.get_output_details()
        self._boxes, self._scores = (
            end["index"] for end in sorted(ends, key=lambda end: int(end["shape"][-1]))
        )

    def _convert(self) -> bytes:
        import tensorflow as tf

        whole, frame, ends = network(self.graph)
        with tf.compat.v1.Session(graph=whole) as session:
            converter = tf.compat.v1.lite.TFLiteConverter.from_session(session, [frame], ends)
            try:
                return bytes(converter.convert())
            except Exception as error:  # its errors have no class in common
                raise Unable(" ".join(str(error).split())[:300]) from None

    def run(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[int, Answer]]:
        """See `Peer.run`."""
        for index, frame in enumerate(frames):
            image = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).astype(np.float32)[np.newaxis]
            self._interpreter.set_tensor(self._input, image)
            self._interpreter.invoke()
            boxes = self._interpreter.get_tensor(self._boxes)
            scores = self._interpreter.get_tensor(self._scores)
            yield index, suppress(boxes, scores, self.threshold)
