"""The NMS at the end of an exported graph, written out class by class as detectors of the zoo have it.

TensorFlow's one operation for it all, CombinedNonMaxSuppression, is not read by other programs. Of
each class, rows with a greater score than the threshold are taken, clipped to the picture, those
without area dropped, the rest suppressed. All classes together are sorted by score, cut off, and
padded with zeros.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np

from splitdet.nms import Clip, NmsSettings

SCOPE = "Postprocessor/BatchMultiClassNonMaxSuppression"
_WINDOW = (0.0, 0.0, 1.0, 1.0)


def settings_of(score_threshold: float) -> NmsSettings:
    """What an exported graph keeps: the zoo's numbers, and a threshold of its own."""
    return NmsSettings(
        score_threshold=score_threshold,
        iou_threshold=0.6,
        max_per_class=100,
        max_total=100,
        clip=Clip.BEFORE,
        window=_WINDOW,
    )


def write_nms(tf: Any, boxes: Any, scores: Any, settings: NmsSettings) -> None:
    """Add the NMS to the graph at hand, and the results by the zoo's names.

    Args:
        boxes: float32 (B, N, 1, 4).
        scores: float32 (B, N, C), without the background.
    """
    classes = int(scores.shape[2])
    with _old_control_flow(tf):  # TensorFlow 1.15 and other readers know no other in frozen graphs
        with tf.name_scope(SCOPE):
            kept, of_scores, numbers, count = tf.compat.v1.map_fn(
                lambda frame: _of_frame(tf, frame[0], frame[1], classes, settings),
                (boxes, scores),
                dtype=(tf.float32, tf.float32, tf.float32, tf.int32),
            )
        tf.identity(kept, name="detection_boxes")
        tf.identity(of_scores, name="detection_scores")
        ids = tf.add(numbers, np.float32(settings.class_offset), name="add")
        tf.identity(ids, name="detection_classes")
        counts = tf.cast(count, tf.float32, name="Postprocessor/ToFloat_3")
        tf.identity(counts, name="num_detections")


def _of_frame(tf: Any, boxes: Any, scores: Any, classes: int, settings: NmsSettings) -> Tuple[Any, ...]:
    """Boxes (100, 4), scores (100,), numbers of classes (100,) and how many of them are real."""
    found: Dict[str, List[Any]] = {"boxes": [], "scores": [], "numbers": []}
    window = tf.constant(_WINDOW, name="window")
    for number in range(classes):
        rows, of_rows = _of_class(tf, boxes[:, 0], scores[:, number], window, settings)
        found["boxes"].append(rows)
        found["scores"].append(of_rows)
        found["numbers"].append(tf.zeros_like(of_rows) + np.float32(number))
    together = [tf.concat(parts, 0) for parts in found.values()]
    most = tf.minimum(settings.max_total, tf.size(together[1]))
    order = tf.nn.top_k(together[1], most).indices
    best = [tf.gather(rows, order) for rows in together]
    count = tf.size(best[1])
    padded: List[Any] = []
    for rows in best:
        missing = [[0, settings.max_total - count]] + [[0, 0]] * (len(rows.shape) - 1)
        padded.append(tf.pad(rows, missing))
        padded[-1].set_shape([settings.max_total, *rows.shape[1:]])
    return (*padded, count)


def _of_class(tf: Any, boxes: Any, scores: Any, window: Any, settings: NmsSettings) -> Tuple[Any, Any]:
    """Boxes (n, 4) and scores (n,) that are kept of one class."""
    boxes, scores = _rows(tf, tf.greater(scores, settings.score_threshold), boxes, scores)
    boxes = _clipped(tf, boxes, window)
    ymin, xmin, ymax, xmax = tf.split(boxes, 4, 1)
    area = tf.squeeze((ymax - ymin) * (xmax - xmin), [1])
    boxes, scores = _rows(tf, tf.greater(area, 0.0), boxes, scores)
    chosen = tf.raw_ops.NonMaxSuppressionV2(
        boxes=boxes,
        scores=scores,
        max_output_size=settings.max_per_class,
        iou_threshold=settings.iou_threshold,
    )
    return tf.gather(boxes, chosen), tf.gather(scores, chosen)


def _clipped(tf: Any, boxes: Any, window: Any) -> Any:
    """Boxes (n, 4) cut at the edges of a window (4,)."""
    low_y, low_x, high_y, high_x = tf.unstack(window)
    ymin, xmin, ymax, xmax = tf.split(boxes, 4, 1)
    down = [tf.maximum(tf.minimum(y, high_y), low_y) for y in (ymin, ymax)]
    across = [tf.maximum(tf.minimum(x, high_x), low_x) for x in (xmin, xmax)]
    return tf.concat([down[0], across[0], down[1], across[1]], 1)


def _rows(tf: Any, condition: Any, *tensors: Any) -> List[Any]:
    """The rows that meet a condition."""
    rows = tf.cast(tf.reshape(tf.where(condition), [-1]), tf.int32)
    return [tf.gather(tensor, rows) for tensor in tensors]


@contextmanager
def _old_control_flow(tf: Any) -> Iterator[None]:
    """Write loops as operations of the graph, not as functions beside it."""
    v1 = tf.compat.v1
    was_new = v1.control_flow_v2_enabled()
    v1.disable_control_flow_v2()
    try:
        yield
    finally:
        if was_new:
            v1.enable_control_flow_v2()
