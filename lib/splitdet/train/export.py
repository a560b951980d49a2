"""A trained network as a frozen graph: what the zoo's detectors are, with the zoo's names."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Tuple

import numpy as np
import yaml

from splitdet.data.label_map import LABEL_MAP, as_pbtxt
from splitdet.graph import proto
from splitdet.graph.graph import Graph
from splitdet.graph.load import save_graph
from splitdet.labels import Labels
from splitdet.models.structure import RESULTS
from splitdet.train.anchors import make_anchors
from splitdet.train.architecture import Architecture
from splitdet.train.learner import tensorflow_2
from splitdet.train.network import Network
from splitdet.train.suppression import settings_of, write_nms
from splitdet.train.targets import decode
from splitdet.train.weights import Arrays
from splitdet.zoo.find import GRAPH_FILE
from splitdet.zoo.manifest import MANIFEST_FILE

_NEW_ATTRIBUTES = ("explicit_paddings", "index_type", "Tk")
"""Of depthwise convolutions and of TopKV2, with their defaults here; TensorFlow 1.15 refuses them."""
_PRODUCER = 134
"""The version of graphs that TensorFlow 1.15 writes; all operations here are that old."""


def export_model(
    folder: Path,
    architecture: Architecture,
    weights: Arrays,
    labels: Labels,
    notes: Dict[str, Any],
    score_threshold: float,
) -> Path:
    """Write the graph, its label map and its manifest into `folder`.

    Args:
        notes: how it was trained; become the manifest's notes.
        score_threshold: lower scores are dropped inside the graph.

    Returns:
        the graph.
    """
    graph = folder / GRAPH_FILE
    save_graph(frozen_graph(architecture, weights, score_threshold), graph)
    (folder / LABEL_MAP).write_text(as_pbtxt(labels), encoding="utf-8")
    manifest = {
        "model_type": "nms_v2",
        "labels": LABEL_MAP,
        "input_size_px": [architecture.size_px] * 2,
        "anchors": len(make_anchors(architecture.map_sides)),
        "notes": ", ".join(f"{name} {value}" for name, value in notes.items()),
    }
    text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True)
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")
    return graph


def frozen_graph(architecture: Architecture, weights: Arrays, score_threshold: float) -> proto.GraphDef:
    """The graph from `image_tensor` to `detection_boxes`, `_scores`, `_classes`, `num_detections`.

    Between them, as in exports of 2018: the Preprocessor with the old bilinear resize, the network, and
    the Postprocessor with an NMS for each class.
    """
    tf = tensorflow_2()
    with tf.Graph().as_default() as graph:
        image = tf.compat.v1.placeholder(tf.uint8, [None, None, None, 3], name="image_tensor")
        size = [architecture.size_px] * 2
        resized = tf.compat.v1.image.resize_bilinear(
            tf.cast(image, tf.float32, name="ToFloat"),
            size,
            name="Preprocessor/ResizeImage/ResizeBilinear",
        )
        scaled = tf.multiply(resized, np.float32(2 / 255), name="Preprocessor/mul")
        images = tf.subtract(scaled, 1.0, name="Preprocessor/sub")
        logits, boxes = predictions(tf, architecture, weights, images)
        scores = tf.sigmoid(logits, name="Postprocessor/convert_scores")
        objects = tf.slice(scores, [0, 0, 1], [-1, -1, -1], name="Postprocessor/Slice")
        with_classes = tf.expand_dims(boxes, 2, name="Postprocessor/ExpandDims_1")
        write_nms(tf, with_classes, objects, settings_of(score_threshold))
    whole = Graph(proto.GraphDef.FromString(graph.as_graph_def().SerializeToString()))
    needed = whole.ancestors(RESULTS)  # a loop leaves ends that nobody reads
    graph_def = proto.GraphDef(node=[node for node in whole if node.name in needed])
    for node in graph_def.node:
        for name in _NEW_ATTRIBUTES:
            node.attr.pop(name, None)
    graph_def.versions.producer = _PRODUCER
    return graph_def


def predictions(tf: Any, architecture: Architecture, weights: Arrays, images: Any) -> Tuple[Any, Any]:
    """Logits (B, N, C + 1), background first, and boxes (B, N, 4), ymin first, in the graph at hand."""
    constants: Dict[str, Any] = {}

    def constant(name: str) -> Any:
        if name not in constants:
            constants[name] = tf.constant(weights[name], name=name)
        return constants[name]

    anchors = make_anchors(architecture.map_sides)
    network = Network(tf, architecture, constant, tf.float32)
    codes, logits = network.back(images, 0)
    with tf.name_scope("Postprocessor/Decode"):
        boxes = decode(tf, codes, anchors)
    # nothing changes but what the graph says of itself
    return logits, tf.reshape(boxes, [-1, len(anchors), 4], name="Postprocessor/Reshape_2")
