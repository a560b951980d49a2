"""Small two-stage detectors with random weights, built as the Object Detection API builds them.

The first stage proposes regions and suppresses; the second crops each, classifies it and suppresses
again; with masks, a third network looks at the boxes that were kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from splitdet.compat import tensorflow
from ssd_graphs import MAX_DETECTIONS, conv, decode, preprocess, results_of, suppress

SIZE_PX, STRIDE, PROPOSALS, CROP_PX, MASK_CELLS = 64, 8, 12, 6, 9


def write_two_stage(path: Path, masks: bool, classes: int = 3, seed: int = 0) -> Path:
    """Write a detector that mask_v1 (with masks) or faster_v2 is right for."""
    tf = tensorflow()
    tf.disable_control_flow_v2()
    graph = tf.Graph()
    with graph.as_default():
        _build(tf, masks, classes, np.random.RandomState(seed))
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def _build(tf: Any, masks: bool, classes: int, random: Any) -> None:
    features = tf.reshape(preprocess(tf, 1, SIZE_PX), [1, SIZE_PX, SIZE_PX, 3])
    for _ in range(3):
        features = tf.nn.relu6(conv(tf, features, 16, 2, random))
    proposals, proposal_count = _propose(tf, features, random)
    crops = _crop(tf, features, proposals)
    head = tf.nn.relu6(conv(tf, crops, 16, 1, random))
    logits = 3.0 * tf.reduce_mean(conv(tf, head, classes + 1, 1, random), [1, 2], name="logits")
    codes = tf.reduce_mean(conv(tf, head, 4 * classes, 1, random), [1, 2])
    with tf.name_scope("SecondStagePostprocessor"):
        refined = 0.05 * tf.reshape(codes, [1, PROPOSALS, classes, 4])
        boxes = tf.reshape(proposals[:, :, tf.newaxis] + refined, [1, PROPOSALS, classes, 4])
        scores = tf.slice(
            tf.reshape(tf.nn.softmax(logits), [1, PROPOSALS, classes + 1]), [0, 0, 1], [-1, -1, -1]
        )
        # proposals behind the last real one only fill up
        real = tf.cast(tf.range(PROPOSALS) < proposal_count[0], tf.float32)[:, tf.newaxis]
        scores = tf.reshape(scores * real, [1, PROPOSALS, classes])
        size = tf.cast(tf.shape(features)[1] > 0, tf.float32)
        window = tf.stack([size * 0.0, size * 0.0, size, size])
        found = suppress(tf, boxes, scores, window, classes)
    for name, tensor in results_of(tf, found):
        tf.identity(tensor, name=name)
    if masks:
        kept = _crop(tf, features, found[0])
        grids = tf.image.resize_bilinear(
            conv(tf, tf.nn.relu6(conv(tf, kept, 8, 1, random)), 1, 1, random), [MASK_CELLS] * 2
        )
        tf.identity(
            tf.reshape(tf.sigmoid(4.0 * grids), [1, MAX_DETECTIONS, MASK_CELLS, MASK_CELLS]),
            name="detection_masks",
        )


def _propose(tf: Any, features: Any, random: Any) -> Any:
    """Boxes (1, PROPOSALS, 4), and how many of them are real (1,)."""
    cells = SIZE_PX // STRIDE
    objectness = tf.reshape(conv(tf, features, 1, 1, random), [1, cells * cells, 1])
    codes = tf.reshape(conv(tf, features, 4, 1, random), [1, cells * cells, 4])
    boxes = decode(tf, codes, cells, 1)
    found = suppress(
        tf, boxes[:, :, tf.newaxis], tf.sigmoid(objectness), tf.constant([0.0, 0.0, 1.0, 1.0]), 1
    )
    return found[0][:, :PROPOSALS], tf.minimum(found[3], PROPOSALS)


def _crop(tf: Any, features: Any, boxes: Any) -> Any:
    flat = tf.reshape(boxes, [-1, 4])
    crops = tf.image.crop_and_resize(features, flat, tf.zeros_like(flat[:, 0], tf.int32), [CROP_PX] * 2)
    return tf.reshape(crops, [-1, CROP_PX, CROP_PX, 16])
