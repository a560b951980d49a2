"""A small segmenter with random weights, built as DeepLab's exporter builds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from splitdet.compat import tensorflow
from ssd_graphs import conv


def write_segmenter(
    path: Path, side_px: int = 65, classes: int = 5, seed: int = 0, name: str = "SemanticPredictions"
) -> Path:
    """Write a graph that takes pictures of at most `side_px` pixels, pads them, and gives classes."""
    tf = tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        _build(tf, side_px, classes, np.random.RandomState(seed), name)
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def _build(tf: Any, side_px: int, classes: int, random: Any, name: str) -> None:
    image = tf.placeholder(tf.uint8, [1, None, None, 3], name="ImageTensor")
    size = tf.shape(image)
    missing = [tf.maximum(tf.subtract(side_px, size[axis]), 0) for axis in (1, 2)]
    padding = [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]]
    padded = tf.pad(tf.cast(image, tf.float32) - 127.5, padding) + 127.5
    tensor = tf.subtract(tf.multiply(padded, 2.0 / 255.0), 1.0, name="network_input")
    tensor = tf.reshape(tensor, [1, side_px, side_px, 3])
    for _ in range(2):
        tensor = tf.nn.relu6(conv(tf, tensor, 16, 2, random))
    logits = conv(tf, tensor, classes, 1, random)
    full = tf.image.resize_bilinear(logits, [side_px, side_px], align_corners=True)
    pixels = tf.argmax(full, 3, output_type=tf.int64)
    tf.identity(tf.slice(pixels, [0, 0, 0], tf.stack([1, size[1], size[2]])), name=name)
