"""NMS put behind a network, for engines that suppress by themselves."""

from __future__ import annotations

import pytest

from onnx_networks import BOXES, SCORES, small_network
from splitdet.engines.tensorrt.plugin import OUTPUTS, append_nms
from splitdet.nms import Clip, NmsSettings

onnx = pytest.importorskip("onnx")
SETTINGS = NmsSettings(score_threshold=0.25, iou_threshold=0.6, max_per_class=50, max_total=70)


def _attributes(model: bytes) -> dict[str, object]:
    node = onnx.load_from_string(model).graph.node[-1]
    assert node.op_type == "EfficientNMS_TRT"
    return {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}


def test_the_thresholds_and_limits_are_those_of_the_graph() -> None:
    found = _attributes(append_nms(small_network(), SETTINGS))
    assert found["score_threshold"] == pytest.approx(0.25)
    assert found["iou_threshold"] == pytest.approx(0.6)
    assert found["max_output_boxes"] == 70


def test_the_network_gives_detections_only() -> None:
    graph = onnx.load_from_string(append_nms(small_network(), SETTINGS)).graph
    assert [output.name for output in graph.output] == list(OUTPUTS)
    shapes = [[dim.dim_value for dim in out.type.tensor_type.shape.dim][1:] for out in graph.output]
    assert shapes == [[1], [70, 4], [70], [70]]


@pytest.mark.parametrize(("clip", "read"), [(Clip.BEFORE, "clipped_boxes"), (Clip.NEVER, BOXES)])
def test_boxes_are_clipped_where_the_graph_clips(clip: Clip, read: str) -> None:
    settings = NmsSettings(**{**vars(SETTINGS), "clip": clip})
    node = onnx.load_from_string(append_nms(small_network(), settings)).graph.node[-1]
    assert list(node.input) == [read, SCORES]
