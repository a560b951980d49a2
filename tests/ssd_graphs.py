"""Small single-shot detectors, built as the Object Detection API builds them, with random weights.

Preprocessing runs in a `map/while` loop over the batch, and so does the class-wise NMS, with one
subgraph for each class.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from splitdet.compat import tensorflow

SCORE_THRESHOLD, IOU_THRESHOLD, MAX_DETECTIONS = 0.3, 0.6, 20
Maps = Sequence[Tuple[int, int]]
TWO_MAPS: Maps = ((8, 2), (16, 2))
"""Feature maps: how much smaller than the picture, and anchors in each cell."""
ZOO_MAPS: Maps = ((16, 3), (32, 6), (64, 6), (128, 6), (256, 6), (512, 6))
"""Those of SSD MobileNet: 1917 anchors at 300 pixels."""


def write_ssd(
    path: Path,
    generation: str,
    size_px: int = 64,
    classes: int = 3,
    seed: int = 0,
    maps: Maps = TWO_MAPS,
) -> Path:
    """Write a detector that nms_v0, nms_v1 or nms_v2 is right for."""
    tf = tensorflow()
    tf.disable_control_flow_v2()
    graph = tf.Graph()
    with graph.as_default():
        _build(tf, generation, size_px, classes, np.random.RandomState(seed), maps)
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def anchor_count(size_px: int, maps: Maps = TWO_MAPS) -> int:
    """Anchors of a detector of that input size."""
    return sum(anchors * (-(-size_px // stride)) ** 2 for stride, anchors in maps)


def _build(tf: Any, generation: str, size_px: int, classes: int, random: Any, maps: Maps) -> None:
    network_input = preprocess(tf, 1 if generation == "nms_v0" else None, size_px)
    scores, boxes = _network(tf, network_input, size_px, classes, random, maps)
    with tf.name_scope("Postprocessor/"):
        results = _postprocess(tf, generation, scores, boxes, classes)
    for name, tensor in results:
        tf.identity(tensor, name=name)


def preprocess(tf: Any, batch: Optional[int], size_px: int) -> Any:
    """From `image_tensor` to what the first convolution reads, in a loop over the batch."""
    image = tf.placeholder(tf.uint8, [batch, None, None, 3], name="image_tensor")
    with tf.name_scope("Preprocessor"):
        resized = tf.map_fn(
            lambda one: tf.image.resize_bilinear(one[tf.newaxis], [size_px, size_px])[0],
            tf.cast(image, tf.float32),
        )
        return tf.subtract(resized * (2.0 / 255.0), 1.0, name="sub")


def conv(tf: Any, tensor: Any, channels: int, stride: int, random: Any) -> Any:
    """A 3x3 convolution with random weights and bias."""
    shape = (3, 3, int(tensor.shape[3]), channels)
    scale = np.sqrt(2.0 / np.prod(shape[:3]))
    weights = tf.constant((random.standard_normal(shape) * scale).astype(np.float32))
    bias = tf.constant(random.standard_normal(channels).astype(np.float32) * 0.1)
    return tf.nn.bias_add(
        tf.nn.conv2d(tensor, weights, strides=[1, stride, stride, 1], padding="SAME"), bias
    )


def _network(
    tf: Any, tensor: Any, size_px: int, classes: int, random: Any, maps: Maps
) -> Tuple[Any, Any]:
    """Class logits with background (B, N, C + 1), and boxes (B, N, 4), ymin first."""
    tensor = tf.reshape(tensor, [-1, size_px, size_px, 3])
    logits: List[Any] = []
    boxes: List[Any] = []
    shrunk = 1
    for stride, anchors in maps:
        while shrunk < stride:
            tensor = tf.nn.relu6(conv(tf, tensor, 8 if 2 * shrunk < maps[0][0] else 16, 2, random))
            shrunk *= 2
        cells = -(-size_px // stride)
        heads = (
            conv(tf, tensor, anchors * (classes + 1), 1, random),
            conv(tf, tensor, anchors * 4, 1, random),
        )
        with tf.name_scope("BoxPredictor"):
            count = tf.shape(heads[0])[0]
            logits.append(tf.reshape(heads[0], tf.stack([count, anchors * cells * cells, classes + 1])))
            codes = tf.reshape(heads[1], tf.stack([count, anchors * cells * cells, 4]))
        boxes.append(decode(tf, codes, cells, anchors))
    return tf.concat(logits, 1) * 2.0, tf.concat(boxes, 1)


def decode(tf: Any, codes: Any, cells: int, anchors: int) -> Any:
    """Boxes (B, N, 4) around the centres of the cells."""
    centres = (np.stack(np.meshgrid(*[np.arange(cells)] * 2, indexing="ij"), -1) + 0.5) / cells
    centres = np.repeat(centres.reshape(-1, 2), anchors, axis=0).astype(np.float32)
    middle = centres + 0.1 * codes[:, :, :2]
    half = 0.15 * tf.exp(0.2 * codes[:, :, 2:])
    return tf.concat([middle - half, middle + half], 2)


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
    if generation == "nms_v0":
        with tf.name_scope("BatchMultiClassNonMaxSuppression"):
            alone = suppress_one(tf, shaped[0], scores[0], window, classes)
            found = [tensor[tf.newaxis] for tensor in alone]
    else:
        found = suppress(tf, shaped, scores, window, classes)
    return results_of(tf, found)


def suppress(tf: Any, boxes: Any, scores: Any, window: Any, classes: int) -> Any:
    """NMS in a loop over the batch; boxes (B, N, 1 or C, 4), scores (B, N, C)."""
    with tf.name_scope("BatchMultiClassNonMaxSuppression"):
        return tf.map_fn(
            lambda item: suppress_one(tf, item[0], item[1], window, classes),
            (boxes, scores),
            dtype=(tf.float32, tf.float32, tf.float32, tf.int32),
        )


def results_of(tf: Any, found: Any) -> List[Tuple[str, Any]]:
    """Names and tensors that a detector ends with."""
    names = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
    with tf.name_scope(None):
        tensors = (found[0], found[1], found[2] + 1.0, tf.cast(found[3], tf.float32))
    return list(zip(names, tensors))


def suppress_one(tf: Any, boxes: Any, scores: Any, window: Any, classes: int) -> Tuple[Any, ...]:
    """One frame: NMS class by class, then the best of all, padded with zeros."""
    low, high = window[:2], window[2:]
    boxes = tf.concat(
        [tf.clip_by_value(boxes[..., :2], low, high), tf.clip_by_value(boxes[..., 2:], low, high)], 2
    )
    kept: List[Tuple[Any, Any, Any]] = []
    for number in range(classes):
        own = boxes[:, min(number, int(boxes.shape[1]) - 1)]
        chosen = tf.image.non_max_suppression(
            own, scores[:, number], MAX_DETECTIONS, IOU_THRESHOLD, SCORE_THRESHOLD
        )
        of_class = tf.fill([tf.size(chosen)], float(number))
        kept.append((tf.gather(own, chosen), tf.gather(scores[:, number], chosen), of_class))
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
