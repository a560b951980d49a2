"""Small ONNX networks with the inputs and outputs of a detector's, and random weights."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import numpy as np

SIZE_PX, ANCHORS, CLASSES = 16, 64, 3
INPUT, SCORES, BOXES = "image", "scores", "boxes"


def small_network(batch: Optional[int] = None, scores_op: str = "Sigmoid") -> bytes:
    """float32 (B, 16, 16, 3), 0..255, to scores (B, 64, 3) and boxes (B, 64, 1, 4).

    Args:
        batch: B; None where it varies.
        scores_op: the operation that gives the scores, on node `score_all`.
    """
    import onnx
    from onnx import helper, numpy_helper

    random = np.random.RandomState(0)
    constants: List[Any] = []

    def constant(name: str, array: Any) -> str:
        constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def convolution(name: str, source: str, channels: Tuple[int, int], stride: int) -> Any:
        scale = np.sqrt(2.0 / (9 * channels[0]))
        weights = random.standard_normal((channels[1], channels[0], 3, 3)) * scale
        inputs = [source, constant(name + "_w", weights.astype(np.float32))]
        inputs.append(constant(name + "_b", np.zeros(channels[1], np.float32)))
        options = {"pads": [1, 1, 1, 1], "strides": [stride, stride]}
        return helper.make_node("Conv", inputs, [name], name=name, **options)

    def head(name: str, shape: List[int]) -> List[Any]:
        turned = helper.make_node("Transpose", [name], [name + "_t"], perm=[0, 2, 3, 1])
        sizes = constant(name + "_shape", np.array(shape, np.int64))
        return [turned, helper.make_node("Reshape", [name + "_t", sizes], [name + "_flat"])]

    limits = [constant("low", np.float32(0)), constant("high", np.float32(6))]
    nodes = [
        helper.make_node("Mul", [INPUT, constant("factor", np.float32(2 / 255))], ["scaled"]),
        helper.make_node("Sub", ["scaled", constant("one", np.float32(1))], ["normal"]),
        helper.make_node("Transpose", ["normal"], ["planes"], perm=[0, 3, 1, 2]),
        convolution("first", "planes", (3, 8), 2),
        helper.make_node("Clip", ["first", *limits], ["first_relu6"]),
        convolution("second", "first_relu6", (8, 8), 1),
        helper.make_node("Clip", ["second", *limits], ["second_relu6"]),
        convolution("score_head", "second_relu6", (8, CLASSES), 1),
        convolution("box_head", "second_relu6", (8, 4), 1),
        *head("score_head", [-1, ANCHORS, CLASSES]),
        *head("box_head", [-1, ANCHORS, 1, 4]),
        helper.make_node(scores_op, ["score_head_flat"], [SCORES], name="score_all"),
        helper.make_node("Mul", ["box_head_flat", constant("unit", np.float32(0.25))], [BOXES]),
    ]
    rows: Any = "batch" if batch is None else batch
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "small",
        [value(INPUT, onnx.TensorProto.FLOAT, [rows, SIZE_PX, SIZE_PX, 3])],
        [
            value(SCORES, onnx.TensorProto.FLOAT, [rows, ANCHORS, CLASSES]),
            value(BOXES, onnx.TensorProto.FLOAT, [rows, ANCHORS, 1, 4]),
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def run_onnx(model: bytes, images: np.ndarray) -> List[np.ndarray]:
    """What ONNX Runtime computes on the CPU, one operation after the other."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return list(session.run([SCORES, BOXES], {INPUT: images}))


def random_images(count: int) -> np.ndarray:
    """float32 (count, 16, 16, 3), 0..255."""
    shape = (count, SIZE_PX, SIZE_PX, 3)
    return np.random.RandomState(1).uniform(0, 255, shape).astype(np.float32)
