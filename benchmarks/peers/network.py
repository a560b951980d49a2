"""The network of a graph without the control flow around it, for those who take none.

What a user of such a library does by hand. Of an SSD: write the resize in front anew, cut at the NMS,
and suppress with another function. Of a DeepLab: write padding and normalisation anew, for one size.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Tuple

import cv2
import numpy as np
from base import SEGMENTER_SIDE_PX, SIZE_PX, Found, Unable, for_segmenter
from tensorflow_whole import read_graph

RESIZED = "Preprocessor/map/TensorArrayStack/TensorArrayGatherV3"
BOXES, SCORES = "Postprocessor/ExpandDims_1", "Postprocessor/Slice"
SIDE_PX = 300
IOU, MOST = 0.6, 100
"""As the graph's own NMS has them."""
FRAME = "frame"
NORMALISED, CLASSES = "sub_7", "ArgMax"
"""Of a DeepLab: what its first convolution reads, and its end before the padding is taken off."""
MEAN = 127.5


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


def segmenter(graph: Path) -> Tuple[Any, Any, List[Any]]:
    """A TensorFlow graph from a frame as `for_segmenter` has it, but float32, to each pixel's class.

    Raises:
        Unable: it is no DeepLab of 2018.
    """
    import tensorflow as tf

    definition = read_graph(graph)
    if not {NORMALISED, CLASSES} <= {node.name for node in definition.node}:
        raise Unable("its network cannot be taken out by its names")
    kept = tf.compat.v1.graph_util.extract_sub_graph(definition, [CLASSES])
    _, height, width, _ = for_segmenter(np.zeros((*SIZE_PX, 3), np.uint8)).shape
    below, right = SEGMENTER_SIDE_PX - height, SEGMENTER_SIDE_PX - width
    whole = tf.Graph()
    with whole.as_default():
        frame = tf.compat.v1.placeholder(tf.float32, [1, height, width, 3], name=FRAME)
        padded = tf.pad(frame - MEAN, [[0, 0], [0, below], [0, right], [0, 0]]) / MEAN
        (classes,) = tf.import_graph_def(kept, {NORMALISED: padded}, [CLASSES + ":0"], name="network")
        pixels = tf.identity(classes[:, :height, :width], name="pixels")
    return whole, frame, [pixels]


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
