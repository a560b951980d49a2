"""NMS as part of an engine: TensorRT's plugin EfficientNMS_TRT behind the network.

It is class-wise like the graph's own, with the graph's thresholds, but not to the bit: it orders equal
scores as it likes, and has no limit for each class, only one for all.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from splitdet.engines.tensorrt.copies import CopyExit
from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.engines.tensorrt.lane import Tensor
from splitdet.nms import Clip, NmsSettings
from splitdet.types import Tensors

OUTPUTS = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
_CLIPPED = "clipped_boxes"
_UNIT = ("window_low", "window_high")


def append_nms(model: bytes, settings: NmsSettings) -> bytes:
    """An ONNX model whose outputs are scores (B, N, C) and boxes (B, N, 1 or C, 4), with NMS behind it.

    Returns:
        a model with the outputs `OUTPUTS`: int32 (B, 1), float32 (B, K, 4), float32 (B, K) and
        int32 (B, K), classes from 0.
    """
    import onnx

    proto = onnx.load_from_string(model)
    graph = proto.graph
    scores, boxes = (output.name for output in graph.output)
    batch = graph.output[0].type.tensor_type.shape.dim[0]
    if settings.clip == Clip.BEFORE:
        for name, edge in zip(_UNIT, (0.0, 1.0)):
            graph.initializer.append(onnx.numpy_helper.from_array(np.array(edge, np.float32), name))
        graph.node.append(onnx.helper.make_node("Clip", [boxes, *_UNIT], [_CLIPPED]))
        boxes = _CLIPPED
    graph.node.append(
        onnx.helper.make_node(
            "EfficientNMS_TRT",
            [boxes, scores],
            OUTPUTS,
            plugin_version="1",
            background_class=-1,
            max_output_boxes=settings.max_total,
            score_threshold=float(settings.score_threshold),
            iou_threshold=float(settings.iou_threshold),
            score_activation=0,
            class_agnostic=0,
            box_coding=0,
        )
    )
    rows: Any = batch.dim_value if batch.HasField("dim_value") else batch.dim_param or None
    most, kinds = settings.max_total, onnx.TensorProto
    shapes = [(kinds.INT32, [1]), (kinds.FLOAT, [most, 4]), (kinds.FLOAT, [most]), (kinds.INT32, [most])]
    del graph.output[:]
    for name, (kind, shape) in zip(OUTPUTS, shapes):
        graph.output.append(onnx.helper.make_tensor_value_info(name, kind, [rows, *shape]))
    return bytes(proto.SerializeToString())


class PluginExit(CopyExit):
    """Gives what `plan.SuppressedBack` takes; no frame is left to the host."""

    def __init__(self, cuda: Cuda, outputs: Sequence[Tensor], settings: NmsSettings) -> None:
        super().__init__(cuda, outputs)
        self._offset = settings.class_offset

    def take(self, rows: int) -> Tensors:
        """See `Exit.take`."""
        counts, boxes, scores, classes = super().take(rows)
        nothing = np.zeros((0,), np.float32)
        numbers = classes.astype(np.int64) + self._offset
        return (boxes, scores, numbers, counts[:, 0], np.zeros(rows, np.int32), nothing, nothing)
