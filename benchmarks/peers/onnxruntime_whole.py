"""ONNX Runtime: the whole graph by tf2onnx, frame by frame; its own threads use all cores."""

from __future__ import annotations

import subprocess
import sys
from typing import Iterable, Iterator, Tuple

import numpy as np
from base import Answer, Peer, Unable, for_segmenter, rgb
from files import converted
from tensorflow_whole import RESULTS

OPSET = 18


class OnnxRuntimeWhole(Peer):
    """A plain loop around `session.run`."""

    def open(self) -> None:
        """See `Peer.open`."""
        import onnxruntime

        self.title = f"ONNX Runtime {onnxruntime.__version__}, whole graph"
        file = converted(self.graph, ".onnx")
        self._ends = ["SemanticPredictions:0"] if self.segments else list(RESULTS)
        if not file.exists():
            begin = "ImageTensor:0" if self.segments else "image_tensor:0"
            command = [sys.executable, "-m", "tf2onnx.convert", "--graphdef", str(self.graph)]
            command += ["--inputs", begin, "--outputs", ",".join(self._ends)]
            command += ["--opset", str(OPSET), "--output", str(file)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise Unable("tf2onnx: " + (done.stderr.strip().splitlines() or ["no word"])[-1][:300])
        try:
            self._session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no class in common
            raise Unable(" ".join(str(error).split())[:300]) from None
        self._input = self._session.get_inputs()[0].name

    def run(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[int, Answer]]:
        """See `Peer.run`."""
        for index, frame in enumerate(frames):
            image = for_segmenter(frame) if self.segments else rgb(frame)
            found = self._session.run(self._ends, {self._input: image})
            if self.segments:
                yield index, found[0][0]
            else:
                yield index, self.cut_off(*(tensor[0] for tensor in found))
