"""TensorFlow's own NMS, as detectors of the zoo write it out for each class, with its numbers fed."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from splitdet.compat import tensorflow
from splitdet.models.nms_settings import habits
from splitdet.nms import Clip, NmsSettings, Ties

Found = Tuple[np.ndarray, np.ndarray, np.ndarray]
"""Boxes (n, 4), scores (n,), ids of classes (n,)."""


class Steps(NamedTuple):
    """What is built into a graph; all else is fed."""

    classes: int
    own_boxes: bool = False
    clip: bool = True
    drops_flat: bool = True
    to_window_frame: bool = False
    combined: bool = False


class GraphNms:
    """A session that runs the NMS of one frame."""

    def __init__(self, steps: Steps) -> None:
        tf = tensorflow()
        self.steps = steps
        graph = tf.Graph()
        with graph.as_default():
            count = steps.classes if steps.own_boxes else 1
            self._boxes = tf.placeholder(tf.float32, [None, count, 4])
            self._scores = tf.placeholder(tf.float32, [None, steps.classes])
            self._window = tf.placeholder(tf.float32, [4])
            self._limits = {
                "score_threshold": tf.placeholder(tf.float32, []),
                "iou_threshold": tf.placeholder(tf.float32, []),
                "max_per_class": tf.placeholder(tf.int32, []),
                "max_total": tf.placeholder(tf.int32, []),
            }
            self._found = self._combined(tf) if steps.combined else self._written_out(tf)
        self._session = tf.Session(graph=graph, config=tf.ConfigProto(device_count={"GPU": 0}))

    def __call__(
        self,
        boxes: np.ndarray,
        scores: np.ndarray,
        settings: NmsSettings,
        window: Optional[np.ndarray] = None,
    ) -> Found:
        """What is kept, best first."""
        feed: Dict[Any, Any] = {self._boxes: boxes, self._scores: scores}
        feed[self._window] = [0, 0, 1, 1] if window is None else window
        for name, tensor in self._limits.items():
            feed[tensor] = getattr(settings, name)
        kept, of_score, ids, count = self._session.run(self._found, feed)
        return kept[:count], of_score[:count], ids[:count].astype(np.int64)

    def settings(self, **limits: Any) -> NmsSettings:
        """Settings for the numpy NMS that fit this graph; those that say nothing are the zoo's."""
        steps = self.steps
        numbers = {"score_threshold": 0.3, "iou_threshold": 0.6, "max_per_class": 100, "max_total": 100}
        numbers.update(limits)
        if steps.combined:
            clip = Clip.AFTER if steps.clip else Clip.NEVER
            return NmsSettings(**numbers, clip=clip, drops_flat=False, ties=Ties.UNSPECIFIED)
        return NmsSettings(
            **numbers,
            clip=Clip.BEFORE if steps.clip else Clip.NEVER,
            drops_flat=steps.drops_flat,
            to_window_frame=steps.to_window_frame,
            **habits()._asdict(),
        )

    def _combined(self, tf: Any) -> List[Any]:
        found = tf.raw_ops.CombinedNonMaxSuppression(
            boxes=self._boxes[tf.newaxis],
            scores=self._scores[tf.newaxis],
            max_output_size_per_class=self._limits["max_per_class"],
            max_total_size=self._limits["max_total"],
            iou_threshold=self._limits["iou_threshold"],
            score_threshold=self._limits["score_threshold"],
            clip_boxes=self.steps.clip,
        )
        return [found[0][0], found[1][0], found[2][0] + 1.0, found[3][0]]

    def _written_out(self, tf: Any) -> List[Any]:
        columns = tf.unstack(self._boxes, axis=1)
        kept = [self._class(tf, columns[min(k, len(columns) - 1)], k) for k in range(self.steps.classes)]
        boxes, scores, ids = (tf.concat(list(parts), 0) for parts in zip(*kept))
        order = tf.nn.top_k(scores, tf.size(scores)).indices
        first = tf.range(tf.minimum(self._limits["max_total"], tf.size(scores)))
        found = [tf.gather(tf.gather(rows, order), first) for rows in (boxes, scores, ids)]
        return [found[0], found[1], found[2] + 1.0, tf.size(first)]

    def _class(self, tf: Any, boxes: Any, number: int) -> Tuple[Any, Any, Any]:
        scores = tf.reshape(tf.slice(self._scores, [0, number], [-1, 1]), [-1])
        boxes, scores = _rows(tf, scores > self._limits["score_threshold"], boxes, scores)
        if self.steps.clip:
            boxes = self._clipped(tf, boxes)
        if self.steps.drops_flat:
            ymin, xmin, ymax, xmax = tf.split(boxes, 4, 1)
            area = tf.squeeze((ymax - ymin) * (xmax - xmin), [1])
            boxes, scores = _rows(tf, area > 0.0, boxes, scores)
        if self.steps.to_window_frame:
            boxes = self._framed(tf, boxes)
        chosen = tf.raw_ops.NonMaxSuppressionV2(
            boxes=boxes,
            scores=scores,
            max_output_size=tf.minimum(self._limits["max_per_class"], tf.shape(boxes)[0]),
            iou_threshold=self._limits["iou_threshold"],
        )
        scores = tf.gather(scores, chosen)
        return tf.gather(boxes, chosen), scores, tf.zeros_like(scores) + float(number)

    def _clipped(self, tf: Any, boxes: Any) -> Any:
        low_y, low_x, high_y, high_x = tf.unstack(self._window)
        ymin, xmin, ymax, xmax = tf.split(boxes, 4, 1)
        clipped = [tf.maximum(tf.minimum(y, high_y), low_y) for y in (ymin, ymax)]
        clipped += [tf.maximum(tf.minimum(x, high_x), low_x) for x in (xmin, xmax)]
        return tf.concat([clipped[0], clipped[2], clipped[1], clipped[3]], 1)

    def _framed(self, tf: Any, boxes: Any) -> Any:
        window = self._window
        scales = 1.0 / (window[2] - window[0]), 1.0 / (window[3] - window[1])
        moved = boxes - [window[0], window[1], window[0], window[1]]
        parts = [scales[index % 2] * part for index, part in enumerate(tf.split(moved, 4, 1))]
        return tf.concat(parts, 1)


def _rows(tf: Any, condition: Any, *tensors: Any) -> List[Any]:
    rows = tf.cast(tf.reshape(tf.where(condition), [-1]), tf.int32)
    return [tf.gather(tensor, rows) for tensor in tensors]
