"""TensorFlow.js graph models to frozen graphs."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np

from splitdet.errors import ModelError
from splitdet.graph import proto
from splitdet.graph.graph import Graph
from splitdet.graph.tensors import FLOAT32, INT32, NUMBERS, to_shape, to_tensor

NMS_SCOPE = "Postprocessor/BatchMultiClassNonMaxSuppression/"
SCORES, BOXES = "Postprocessor/Slice", "Postprocessor/ExpandDims_1"
_DTYPE_NAMES = {
    "DT_FLOAT": 1,
    "DT_DOUBLE": 2,
    "DT_INT32": 3,
    "DT_UINT8": 4,
    "DT_INT64": 9,
    "DT_BOOL": 10,
}


def read_tfjs(path: Path) -> proto.GraphDef:
    """The graph of a model.json and the weights beside it.

    Raises:
        ModelError: not a TensorFlow.js graph model, or a shard is missing or cut off.
    """
    try:
        model = json.loads(path.read_text(encoding="utf-8"))
        weights = _read_weights(model["weightsManifest"], path)
        return _graph_def(model["modelTopology"]["node"], weights, path)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise ModelError(f"{path}: not a TensorFlow.js graph model") from None


def _graph_def(
    nodes: List[Dict[str, Any]], weights: Dict[str, np.ndarray], path: Path
) -> proto.GraphDef:
    graph_def = proto.GraphDef()
    for node in nodes:
        copy = graph_def.node.add(name=node["name"], op=node["op"])
        copy.input.extend(node.get("input", ()))
        for key, value in node.get("attr", {}).items():
            _fill_attr(copy.attr[key], value)
        if node["op"] == "Const":
            if node["name"] not in weights:
                raise ModelError(f"{path}: no weights for {node['name']!r}")
            array = weights[node["name"]]
            copy.attr["dtype"].type = NUMBERS[array.dtype]
            copy.attr["value"].tensor.CopyFrom(to_tensor(array))
    graph_def.versions.producer = 27  # the generation of TensorFlow that the converter came with
    return graph_def


def lacks_nms(graph: Graph) -> bool:
    """Whether it ends with the scores and boxes that a single-shot detector's NMS would read."""
    return SCORES in graph and BOXES in graph and "detection_boxes" not in graph


def append_nms(
    graph_def: proto.GraphDef,
    score_threshold: float = 0.3,
    iou_threshold: float = 0.6,
    max_detections: int = 100,
) -> None:
    """Add the CPU part that TensorFlow.js models lack: TensorFlow's own NMS, with the zoo's names.

    Args:
        score_threshold: lower scores are dropped inside the graph; 0.3 is what the zoo has baked in.
        iou_threshold: boxes of a class that overlap more are suppressed.
        max_detections: most boxes of a class, and of a frame.

    """

    def constant(name: str, value: Any, kind: Any) -> str:
        node = graph_def.node.add(name=name, op="Const")
        array = np.array(value, dtype=kind)
        node.attr["dtype"].type = NUMBERS[array.dtype]
        node.attr["value"].tensor.CopyFrom(to_tensor(array))
        return name

    def add(name: str, op: str, inputs: List[str], **types: int) -> proto.NodeDef:
        node: proto.NodeDef = graph_def.node.add(name=name, op=op)
        node.input.extend(inputs)
        for key, number in types.items():
            node.attr[key].type = number
        return node

    nms = NMS_SCOPE + "CombinedNonMaxSuppression"
    limits = [
        constant(NMS_SCOPE + "max_output_size_per_class", max_detections, np.int32),
        constant(NMS_SCOPE + "max_total_size", max_detections, np.int32),
        constant(NMS_SCOPE + "iou_threshold", iou_threshold, np.float32),
        constant(NMS_SCOPE + "score_threshold", score_threshold, np.float32),
    ]
    add(nms, "CombinedNonMaxSuppression", [BOXES, SCORES, *limits])
    add("detection_boxes", "Identity", [nms + ":0"], T=FLOAT32)
    add("detection_scores", "Identity", [nms + ":1"], T=FLOAT32)
    add("add", "Add", [nms + ":2", constant("add/y", 1.0, np.float32)], T=FLOAT32)
    add("detection_classes", "Identity", ["add"], T=FLOAT32)
    add("Postprocessor/ToFloat_3", "Cast", [nms + ":3"], SrcT=INT32, DstT=FLOAT32)
    add("num_detections", "Identity", ["Postprocessor/ToFloat_3"], T=FLOAT32)


def _read_weights(manifest: List[Dict[str, Any]], path: Path) -> Dict[str, np.ndarray]:
    weights: Dict[str, np.ndarray] = {}
    for group in manifest:
        try:
            data = b"".join((path.parent / Path(name).name).read_bytes() for name in group["paths"])
        except OSError as error:
            raise ModelError(f"{error.filename}: {error.strerror}") from None
        offset = 0
        for spec in group["weights"]:
            stored = np.dtype(spec.get("quantization", spec)["dtype"])
            count = int(np.prod(spec["shape"], dtype=np.int64))
            end = offset + count * stored.itemsize
            if end > len(data):
                raise ModelError(f"{path}: its weights are cut off; fetch them again")
            array = np.frombuffer(data[offset:end], dtype=stored).reshape(spec["shape"])
            weights[spec["name"]] = _dequantised(array, spec)
            offset = end
    return weights


def _dequantised(array: np.ndarray, spec: Dict[str, Any]) -> np.ndarray:
    quantization: Optional[Dict[str, Any]] = spec.get("quantization")
    if quantization is None or array.dtype == np.float16:
        return array.astype(spec["dtype"])
    values = array.astype(np.float64) * quantization["scale"] + quantization["min"]
    return np.asarray(values.astype(spec["dtype"]))


def _bytes(value: Any) -> bytes:
    """String attributes come as base64 or as a list of byte values."""
    return bytes(value) if isinstance(value, list) else base64.b64decode(value)


def _dtype(value: Any) -> int:
    return _DTYPE_NAMES[value] if isinstance(value, str) else int(value)


def _shape(value: Dict[str, Any]) -> proto.TensorShapeProto:
    if value.get("unknownRank"):
        return to_shape(None)
    sizes = [int(dim.get("size", 0)) for dim in value.get("dim", ())]
    return to_shape([None if size < 0 else size for size in sizes])


def _fill_attr(attr: proto.AttrValue, value: Dict[str, Any]) -> None:
    """Copy one attribute from JSON; constants get theirs from the weights."""
    for kind, content in value.items():
        if kind == "s":
            attr.s = _bytes(content)
        elif kind == "i":
            attr.i = int(content)
        elif kind == "f":
            attr.f = float(content)
        elif kind == "b":
            attr.b = bool(content)
        elif kind == "type":
            attr.type = _dtype(content)
        elif kind == "shape":
            attr.shape.CopyFrom(_shape(content))
        elif kind == "list":
            attr.list.s.extend(_bytes(item) for item in content.get("s", ()))
            attr.list.i.extend(int(item) for item in content.get("i", ()))
            attr.list.f.extend(float(item) for item in content.get("f", ()))
            attr.list.b.extend(bool(item) for item in content.get("b", ()))
            attr.list.type.extend(_dtype(item) for item in content.get("type", ()))
