"""LiteRT (TensorFlow Lite) with XNNPACK: the network, converted; the NMS of a detector by OpenCV."""

from __future__ import annotations

import os
from typing import Iterable, Iterator, Tuple

import numpy as np
from base import Answer, Peer, Unable, for_segmenter, rgb
from files import converted
from network import network, segmenter, suppress


class LiteRt(Peer):
    """A plain loop around `invoke`."""

    def open(self) -> None:
        """See `Peer.open`."""
        from importlib.metadata import version

        from ai_edge_litert.interpreter import Interpreter

        self.title = f"LiteRT {version('ai-edge-litert')}, XNNPACK, network"
        self.title += "" if self.segments else "; NMS by OpenCV"
        file = converted(self.graph, ".tflite")
        if not file.exists():
            file.write_bytes(self._convert())
        self._interpreter = Interpreter(str(file), num_threads=os.cpu_count())
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        ends = self._interpreter.get_output_details()
        # of a detector boxes, then scores
        self._ends = [end["index"] for end in sorted(ends, key=lambda end: int(end["shape"][-1]))]

    def _convert(self) -> bytes:
        import tensorflow as tf

        whole, frame, ends = (segmenter if self.segments else network)(self.graph)
        with tf.compat.v1.Session(graph=whole) as session:
            converter = tf.compat.v1.lite.TFLiteConverter.from_session(session, [frame], ends)
            try:
                return bytes(converter.convert())
            except Exception as error:  # its errors have no class in common
                raise Unable(" ".join(str(error).split())[:300]) from None

    def run(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[int, Answer]]:
        """See `Peer.run`."""
        for index, frame in enumerate(frames):
            image = for_segmenter(frame) if self.segments else rgb(frame)
            self._interpreter.set_tensor(self._input, image.astype(np.float32))
            self._interpreter.invoke()
            found = [self._interpreter.get_tensor(end) for end in self._ends]
            yield index, found[0][0] if self.segments else suppress(*found, self.threshold)
