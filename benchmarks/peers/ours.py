"""splitdet, as `splitdet.stream` gives it; with one of its engines, or the one that it takes itself."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Tuple

import numpy as np
from base import Answer, Found, Peer, Unable


class Ours(Peer):
    """The public interface with its default settings, but for the engine."""

    engine = "auto"

    def open(self) -> None:
        """See `Peer.open`."""
        import splitdet

        settings: Any = {
            "engine": self.engine,
            "det_th": self.threshold,
            "accelerator_feeders": splitdet.Config().accelerator_feeders,
            "worker_threads": splitdet.Config().worker_threads,
        }
        try:
            self._detector = splitdet.Detector(self.graph, **settings)
        except splitdet.SplitdetError as error:
            raise Unable(str(error)) from None
        self._detector.warm_up()
        split = "split" if self._detector.split else "not split"
        self.title = f"splitdet, engine {self.engine}: {split}, {self._detector.engine.description}"

    def run(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[int, Answer]]:
        """See `Peer.run`."""
        import splitdet

        for frame, found in splitdet.stream(frames, self._detector):
            if self.segments:
                yield frame.index, found.pixels  # type: ignore[attr-defined]
            else:
                yield frame.index, Found(found.boxes, found.scores, found.classes)


class OursTensorFlow(Ours):
    """By TensorFlow."""

    engine = "tensorflow"


class OursOpenVino(Ours):
    """By OpenVINO."""

    engine = "openvino"


class OursOnnxRuntime(Ours):
    """By ONNX Runtime."""

    engine = "onnxruntime"
