"""Small single-shot detectors, built as the Object Detection API builds them, with random weights.

Preprocessing runs in a `map/while` loop over the batch, and so does the class-wise NMS, with one
subgraph for each class.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Tuple

import numpy as np

from splitdet.compat import tensorflow

SCORE_THRESHOLD, IOU_THRESHOLD, MAX_DETECTIONS = 0.3, 0.6, 20


def write_ssd(path: Path, generation: str, size_px: int = 64, classes: int = 3, seed: int = 0) -> Path:
    """Write a detector that nms_v0, nms_v1 or nms_v2 is right for; two anchors a cell."""
    tf = tensorflow()
    tf.disable_control_flow_v2()
    graph = tf.Graph()
    with graph.as_default():
        _build(tf, generation, size_px, classes, np.random.RandomState(seed))
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def anchor_count(size_px: int) -> int:
    """Anchors of a detector of that input size: two for each cell of maps 1/8 and 1/16 as large."""
    return sum(2 * (-(-size_px // stride)) ** 2 for stride in (8, 16))


def _build(tf: Any, generation: str, size_px: int, classes: int, random: Any) -> None:
    batch = 1 if generation == "nms_v0" else None
    image = tf.placeholder(tf.uint8, [batch, None, None, 3], name="image_tensor")
    with tf.name_scope("Preprocessor"):
        resized = tf.map_fn(
            lambda one: tf.image.resize_bilinear(one[tf.newaxis], [size_px, size_px])[0],
            tf.cast(image, tf.float32),
        )
        network_input = tf.subtract(resized * (2.0 / 255.0), 1.0, name="sub")
    scores, boxes = _network(tf, network_input, size_px, classes, random)
    with tf.name_scope("Postprocessor/"):
        results = _postprocess(tf, generation, scores, boxes, classes)
    for name, tensor in results:
        tf.identity(tensor, name=name)


def _conv(tf: Any, tensor: Any, channels: int, stride: int, random: Any) -> Any:
    shape = (3, 3, int(tensor.shape[3]), channels)
    scale = np.sqrt(2.0 / np.prod(shape[:3]))
    weights = tf.constant((random.standard_normal(shape) * scale).astype(np.float32))
    bias = tf.constant(random.standard_normal(channels).astype(np.float32) * 0.1)
    return tf.nn.bias_add(
        tf.nn.conv2d(tensor, weights, strides=[1, stride, stride, 1], padding="SAME"), bias
    )


def _network(tf: Any, tensor: Any, size_px: int, classes: int, random: Any) -> Tuple[Any, Any]:
    """Class logits with background (B, N, C + 1), and boxes (B, N, 4), ymin first."""
    tensor = tf.reshape(tensor, [-1, size_px, size_px, 3])
    logits: List[Any] = []
    boxes: List[Any] = []
    for _ in range(2):
        tensor = tf.nn.relu6(_conv(tf, tensor, 8, 2, random))
    for stride in (8, 16):
        tensor = tf.nn.relu6(_conv(tf, tensor, 16, 2, random))
        cells = -(-size_px // stride)
        heads = _conv(tf, tensor, 2 * (classes + 1), 1, random), _conv(tf, tensor, 2 * 4, 1, random)
        with tf.name_scope("BoxPredictor"):
            count = tf.shape(heads[0])[0]
            logits.append(tf.reshape(heads[0], tf.stack([count, 2 * cells * cells, classes + 1])))
            codes = tf.reshape(heads[1], tf.stack([count, 2 * cells * cells, 4]))
        centres = (np.stack(np.meshgrid(*[np.arange(cells)] * 2, indexing="ij"), -1) + 0.5) / cells
        centres = np.repeat(centres.reshape(-1, 2), 2, axis=0).astype(np.float32)
        middle = centres + 0.1 * codes[:, :, :2]
        half = 0.15 * tf.exp(0.2 * codes[:, :, 2:])
        boxes.append(tf.concat([middle - half, middle + half], 2))
    return tf.concat(logits, 1) * 2.0, tf.concat(boxes, 1)


def _postprocess(
    tf: Any, generation: str, logits: Any, boxes: Any, classes: int
) -> List[Tuple[str, Any]]:
    if generation == "nms_v0":
        scores = tf.sigmoid(tf.slice(logits, [0, 0, 1], [-1, -1, -1]), name="Sigmoid")
    elif generation == "nms_v1":
        scores = tf.sigmoid(tf.slice(logits, [0, 0, 1], [-1, -1, -1]), name="convert_scores")
    else:
        with_background = tf.sigmoid(logits, name="convert_scores")
        scores = tf.slice(with_background, [0, 0, 1], [-1, -1, -1], name="Slice")
    shaped = tf.expand_dims(boxes, 2, name="ExpandDims_1")
    if generation == "nms_v2":
        # from the image, as in exports of 2018, where it is the part of it that is not padding
        one = tf.cast(tf.shape(scores)[0] > 0, tf.float32)
        window: Any = tf.stack([one * 0.0, one * 0.0, one, one], name="stack_1")
    else:
        window = tf.constant([0.0, 0.0, 1.0, 1.0])
    with tf.name_scope("BatchMultiClassNonMaxSuppression"):

        def suppress(item: Any) -> Any:
            return _suppress_one(tf, item[0][:, 0], item[1], window, classes)

        kinds = (tf.float32, tf.float32, tf.float32, tf.int32)
        if generation == "nms_v0":
            found = [tensor[tf.newaxis] for tensor in suppress((shaped[0], scores[0]))]
        else:
            found = tf.map_fn(suppress, (shaped, scores), dtype=kinds)
    names = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
    with tf.name_scope("/"):
        tensors = (found[0], found[1], found[2] + 1.0, tf.cast(found[3], tf.float32))
    return list(zip(names, tensors))


def _suppress_one(tf: Any, boxes: Any, scores: Any, window: Any, classes: int) -> Tuple[Any, ...]:
    """One frame: NMS class by class, then the best of all, padded with zeros."""
    low, high = window[:2], window[2:]
    boxes = tf.concat(
        [tf.clip_by_value(boxes[:, :2], low, high), tf.clip_by_value(boxes[:, 2:], low, high)], 1
    )
    kept: List[Tuple[Any, Any, Any]] = []
    for number in range(classes):
        chosen = tf.image.non_max_suppression(
            boxes, scores[:, number], MAX_DETECTIONS, IOU_THRESHOLD, SCORE_THRESHOLD
        )
        of_class = tf.fill([tf.size(chosen)], float(number))
        kept.append((tf.gather(boxes, chosen), tf.gather(scores[:, number], chosen), of_class))
    all_boxes, all_scores, all_classes = (tf.concat(list(part), 0) for part in zip(*kept))
    best = tf.nn.top_k(all_scores, tf.minimum(MAX_DETECTIONS, tf.size(all_scores))).indices
    count = tf.size(best)
    rest = MAX_DETECTIONS - count
    return (
        tf.pad(tf.gather(all_boxes, best), [[0, rest], [0, 0]]),
        tf.pad(tf.gather(all_scores, best), [[0, rest]]),
        tf.pad(tf.gather(all_classes, best), [[0, rest]]),
        count,
    )
