"""The network of an SSD with the resize in front, without its NMS: for those who take no control flow.

What a user of such a library does by hand: cut at the NMS, and suppress with another function.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Tuple

import cv2
import numpy as np
from base import SIZE_PX, Found, Unable
from tensorflow_whole import read_graph

RESIZED = "Preprocessor/map/TensorArrayStack/TensorArrayGatherV3"
BOXES, SCORES = "Postprocessor/ExpandDims_1", "Postprocessor/Slice"
SIDE_PX = 300
IOU, MOST = 0.6, 100
"""As the graph's own NMS has them."""
FRAME = "frame"


def network(graph: Path) -> Tuple[Any, Any, List[Any]]:
    """A TensorFlow graph from a frame, float32 (1, 720, 1280, 3), RGB, to boxes and scores.

    Raises:
        Unable: it is no SSD of 2018 with an input of 300 pixels.
    """
    import tensorflow as tf

    definition = read_graph(graph)
    nodes = {node.name for node in definition.node}
    if not {RESIZED, BOXES, SCORES} <= nodes:
        raise Unable("its network cannot be taken out by its names")
    kept = tf.compat.v1.graph_util.extract_sub_graph(definition, [BOXES, SCORES])
    whole = tf.Graph()
    with whole.as_default():
        frame = tf.compat.v1.placeholder(tf.float32, [1, *SIZE_PX, 3], name=FRAME)
        resized = tf.compat.v1.image.resize_bilinear(frame, [SIDE_PX, SIDE_PX])
        ends = tf.import_graph_def(
            kept, {RESIZED: resized}, [BOXES + ":0", SCORES + ":0"], name="network"
        )
        boxes = tf.reshape(ends[0], [-1, 4], name="boxes")
        scores = tf.reshape(ends[1], [-1, int(ends[1].shape[-1])], name="scores")
    return whole, frame, [boxes, scores]


def suppress(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> Found:
    """Class-wise NMS by OpenCV, of boxes (N, 4), ymin first, and scores (N, C)."""
    boxes = np.clip(boxes, 0.0, 1.0)
    anchors, classes = np.nonzero(scores >= np.float32(threshold))
    kept_scores, kept_boxes = scores[anchors, classes], boxes[anchors]
    corners = kept_boxes[:, [1, 0, 3, 2]].astype(np.float64)
    corners[:, 2:] -= corners[:, :2]
    chosen = cv2.dnn.NMSBoxesBatched(
        corners.tolist(), kept_scores.tolist(), classes.tolist(), threshold, IOU
    )
    best = np.asarray(chosen, np.int64).reshape(-1)
    best = best[np.argsort(-kept_scores[best], kind="stable")][:MOST]
    return Found(kept_boxes[best], kept_scores[best], classes[best] + 1)
