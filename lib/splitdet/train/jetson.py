"""A trained network as the ONNX file that detectnet of jetson-inference loads.

Its code takes pixels as (pixel - 127) / 128 and expects scores with the background first, and boxes
that are decoded already; see `models/onnx_ssd.py`. The scores are sigmoids, so the background gets
what the best class leaves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splitdet.compat import package_version
from splitdet.engines.onnx_export import to_onnx
from splitdet.errors import EngineError
from splitdet.graph import proto
from splitdet.graph.cut import GraphPart
from splitdet.labels import Labels
from splitdet.models.onnx_parts import BOXES, INPUT, SCORES
from splitdet.models.onnx_ssd import LABELS_FILE
from splitdet.train.architecture import Architecture
from splitdet.train.export import predictions
from splitdet.train.learner import tensorflow_2
from splitdet.train.open import class_names
from splitdet.train.weights import Arrays

ONNX_FILE = "ssd-mobilenet.onnx"
_OPSET = 11
"""TensorRT reads it since version 7, that of JetPack 4.4."""
_BACKGROUND = "BACKGROUND"


def export_jetson(folder: Path, architecture: Architecture, weights: Arrays, labels: Labels) -> Path:
    """Write the ONNX file and labels.txt into `folder`; the file.

    Raises:
        EngineError: the converter is not installed.
    """
    if not package_version("onnx"):
        raise EngineError("ONNX needs a converter: pip install 'splitdet[onnx]'")
    import onnx

    model = onnx.load_from_string(to_onnx(_part(architecture, weights), opset=_OPSET))
    for name in (INPUT, SCORES, BOXES):
        _rename(model.graph, name + ":0", name)
    onnx.checker.check_model(model)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ONNX_FILE
    path.write_bytes(model.SerializeToString())
    lines = [_BACKGROUND, *class_names(labels)]
    (folder / LABELS_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _part(architecture: Architecture, weights: Arrays) -> GraphPart:
    """All of the network, from pixels as jetson-inference gives them."""
    tf = tensorflow_2()
    side = architecture.size_px
    with tf.Graph().as_default() as graph:
        pixels = tf.compat.v1.placeholder(tf.float32, [1, 3, side, side], name=INPUT)
        # (x * 128 + 127) * 2 / 255 - 1
        images = tf.transpose(pixels, [0, 2, 3, 1]) * (256 / 255) - (1 / 255)
        logits, boxes = predictions(tf, architecture, weights, images)
        objects = tf.sigmoid(logits)[:, :, 1:]
        background = 1.0 - tf.reduce_max(objects, axis=2, keepdims=True)
        tf.concat([background, objects], 2, name=SCORES)
        tf.gather(boxes, [1, 0, 3, 2], axis=2, name=BOXES)
    graph_def = proto.GraphDef.FromString(graph.as_graph_def().SerializeToString())
    return GraphPart("jetson", (INPUT + ":0",), (SCORES + ":0", BOXES + ":0"), graph_def)


def _rename(graph: Any, name: str, new_name: str) -> None:
    """Call a tensor of an ONNX graph by another name."""
    for value in (*graph.input, *graph.output):
        if value.name == name:
            value.name = new_name
    for node in graph.node:
        for names in (node.input, node.output):
            for place, one in enumerate(names):
                if one == name:
                    names[place] = new_name
