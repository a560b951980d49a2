"""What a plain session over the whole graph says: the reference for every split."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import cv2
import numpy as np

from splitdet.compat import tensorflow

OUTPUTS = ("detection_boxes:0", "detection_scores:0", "detection_classes:0", "num_detections:0")
MASK_OUTPUTS = (*OUTPUTS, "detection_masks:0")


class PlainSession:
    """The graph as TensorFlow runs it, untouched."""

    def __init__(
        self, path: Path, outputs: Sequence[str] = OUTPUTS, image: str = "image_tensor:0"
    ) -> None:
        tf = tensorflow()
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(tf.GraphDef.FromString(path.read_bytes()), name="")
        self._session = tf.Session(graph=graph, config=tf.ConfigProto(device_count={"GPU": 0}))
        self._outputs = list(outputs)
        self._image = image

    def __call__(self, image: np.ndarray) -> Tuple[np.ndarray, ...]:
        """Boxes, scores and classes of one BGR picture, and what else was asked for."""
        boxes, scores, classes, counts, *others = self.run(image)
        count = int(counts[0])
        return tuple(tensor[0, :count] for tensor in (boxes, scores, classes, *others))

    def run(self, image: np.ndarray) -> List[np.ndarray]:
        """All outputs for one BGR picture, as they are."""
        feed = {self._image: cv2.cvtColor(image, cv2.COLOR_BGR2RGB)[np.newaxis]}
        found: List[np.ndarray] = self._session.run(self._outputs, feed)
        return found

    def close(self) -> None:
        """Give its memory back."""
        self._session.close()

    def records(self, image: np.ndarray, threshold: float, limit: int) -> List[Dict[str, Any]]:
        """Detections as in JSON lines, without the label."""
        kept = [
            {"box": [float(edge) for edge in box], "score": float(score), "class_id": int(class_id)}
            for box, score, class_id in zip(*self(image))
            if score >= np.float32(threshold)
        ]
        return kept[:limit]


def frames_of(video: Path, count: int) -> Iterator[np.ndarray]:
    """The first frames of a video, BGR."""
    capture = cv2.VideoCapture(str(video))
    for _ in range(count):
        found, image = capture.read()
        if not found:
            return
        yield image
    capture.release()


def resized_for_segmenter(image: np.ndarray, side_px: int = 513) -> np.ndarray:
    """The picture with its long side brought to `side_px`, by averaging where it shrinks."""
    scale = side_px / max(image.shape[:2])
    height, width = (max(1, int(scale * size + 0.5)) for size in image.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=method)
