"""What a plain session over the whole graph says: the reference for every split."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import cv2
import numpy as np

from splitdet.compat import tensorflow

OUTPUTS = ["detection_boxes:0", "detection_scores:0", "detection_classes:0", "num_detections:0"]


class PlainSession:
    """The graph as TensorFlow runs it, untouched."""

    def __init__(self, path: Path) -> None:
        tf = tensorflow()
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(tf.GraphDef.FromString(path.read_bytes()), name="")
        self._session = tf.Session(graph=graph, config=tf.ConfigProto(device_count={"GPU": 0}))

    def __call__(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Boxes, scores and classes of one BGR picture."""
        feed = {"image_tensor:0": cv2.cvtColor(image, cv2.COLOR_BGR2RGB)[np.newaxis]}
        boxes, scores, classes, counts = self._session.run(OUTPUTS, feed)
        count = int(counts[0])
        return boxes[0, :count], scores[0, :count], classes[0, :count]

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
