"""How wrong a prediction is (Liu et al. 2016, section 2.2), with a sigmoid for each class."""

from __future__ import annotations

from typing import Any

_NEGATIVES = 3.0
"""Background anchors that count, for each one with an object: the worst ones."""
_FEWEST = 5.0
"""Background anchors that count in a picture without objects."""


def detection_loss(tf: Any, codes: Any, logits: Any, true_codes: Any, true_classes: Any) -> Any:
    """A scalar: loss of classes and places for each anchor with an object, mean over the batch.

    Args:
        codes: float32 (B, N, 4), encoded boxes.
        logits: float32 (B, N, C + 1), background first.
        true_codes: float32 (B, N, 4).
        true_classes: int32 (B, N), 0 for background.
    """
    positive = tf.cast(true_classes > 0, tf.float32)
    objects = tf.reduce_sum(positive, axis=1)
    wanted = tf.one_hot(true_classes, tf.shape(logits)[2])
    of_classes = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits), axis=2)
    counted = positive + _worst(tf, of_classes, positive, tf.maximum(_NEGATIVES * objects, _FEWEST))
    error = tf.abs(codes - true_codes)
    smooth = tf.where(error < 1.0, 0.5 * error * error, error - 0.5)
    of_places = tf.reduce_sum(smooth, axis=2)
    total = tf.reduce_sum(of_classes * counted + of_places * positive)
    return total / tf.maximum(tf.reduce_sum(objects), 1.0)


def _worst(tf: Any, losses: Any, positive: Any, wanted: Any) -> Any:
    """1 for the background anchors of the greatest loss, `wanted` of them in each row, else 0."""
    background = tf.stop_gradient(losses) * (1.0 - positive)
    falling = tf.sort(background, axis=1, direction="DESCENDING")
    last = tf.minimum(tf.cast(wanted, tf.int32), tf.shape(losses)[1]) - 1
    least = tf.gather(falling, last, axis=1, batch_dims=1)
    return tf.cast(background >= least[:, None], tf.float32) * (1.0 - positive)
