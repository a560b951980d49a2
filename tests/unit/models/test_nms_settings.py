"""What a graph's NMS does, read off small graphs built as the Object Detection API builds them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ssd_graphs
from splitdet.compat import tensorflow
from splitdet.engines.base import EVERYTHING
from splitdet.engines.tensorflow import SessionOptions, TensorFlowEngine
from splitdet.errors import CutError
from splitdet.graph import proto
from splitdet.graph.cut import Port
from splitdet.graph.graph import Graph
from splitdet.graph.load import load_graph
from splitdet.graph.tensors import FLOAT32, to_tensor
from splitdet.models import identify
from splitdet.models.fast_nms import FastNms
from splitdet.models.nms_settings import read_settings
from splitdet.models.parts import GraphParts
from splitdet.models.structure import RESULTS
from splitdet.nms import Clip, NmsSettings, Ties

GENERATIONS = ("nms_v0", "nms_v1", "nms_v2")


def settings_of(path: Path) -> NmsSettings:
    """Those of the detector in a file."""
    return read_settings(identify(load_graph(path)).parts)


def change_constant(path: Path, name: str, number: float) -> None:
    """Set the first constant whose name ends with `name`."""
    graph_def = proto.GraphDef.FromString(path.read_bytes())
    node = next(node for node in graph_def.node if node.op == "Const" and node.name.endswith(name))
    kind = np.float32 if isinstance(number, float) else np.int32
    node.attr["value"].tensor.CopyFrom(to_tensor(np.array(number, kind)))
    path.write_bytes(graph_def.SerializeToString())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_settings_are_those_that_the_graph_was_built_with(generation: str, tmp_path: Path) -> None:
    settings = settings_of(ssd_graphs.write_ssd(tmp_path / "graph.pb", generation))
    assert settings.score_threshold == np.float32(ssd_graphs.SCORE_THRESHOLD)
    assert settings.iou_threshold == np.float32(ssd_graphs.IOU_THRESHOLD)
    assert (settings.max_per_class, settings.max_total) == (ssd_graphs.MAX_DETECTIONS,) * 2
    assert (settings.clip, settings.drops_flat, settings.class_offset) == (Clip.BEFORE, False, 1)
    assert settings.window == (None if generation == "nms_v2" else (0, 0, 1, 1))


def test_a_class_without_a_number_is_refused(tmp_path: Path) -> None:
    path = ssd_graphs.write_ssd(tmp_path / "graph.pb", "nms_v1")
    change_constant(path, "Fill/value", float("inf"))
    with pytest.raises(CutError, match=r"put together in another way \(cannot convert float inf"):
        settings_of(path)


def test_the_numbers_of_strangers_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssd_graphs, "SCORE_THRESHOLD", 1e-8)
    monkeypatch.setattr(ssd_graphs, "IOU_THRESHOLD", 0.5)
    monkeypatch.setattr(ssd_graphs, "MAX_DETECTIONS", 300)
    settings = settings_of(ssd_graphs.write_ssd(tmp_path / "graph.pb", "nms_v1"))
    assert (settings.score_threshold, settings.iou_threshold) == (np.float32(1e-8), 0.5)
    assert (settings.max_per_class, settings.max_total) == (300, 300)


@pytest.mark.parametrize(
    ("name", "number"), [("score_threshold", 0.4), ("iou_threshold", 0.5), ("max_output_size", 7)]
)
def test_a_class_that_differs_from_the_others_is_refused(
    name: str, number: float, tmp_path: Path
) -> None:
    path = ssd_graphs.write_ssd(tmp_path / "graph.pb", "nms_v1")
    change_constant(path, name, number)
    with pytest.raises(CutError, match="its classes differ in"):
        settings_of(path)


def test_scores_below_zero_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssd_graphs, "SCORE_THRESHOLD", -1.0)
    path = ssd_graphs.write_ssd(tmp_path / "graph.pb", "nms_v1")
    with pytest.raises(CutError, match="thresholds must be"):
        settings_of(path)


def test_a_step_that_is_not_known_is_refused_by_its_name(tmp_path: Path) -> None:
    path = ssd_graphs.write_ssd(tmp_path / "graph.pb", "nms_v1")
    graph_def = proto.GraphDef.FromString(path.read_bytes())
    node = next(node for node in graph_def.node if node.op == "NonMaxSuppressionV3")
    square = graph_def.node.add(name=node.name + "/twice", op="Square", input=[node.input[0]])
    square.attr["T"].type = FLOAT32
    node.input[0] = square.name
    path.write_bytes(graph_def.SerializeToString())
    with pytest.raises(CutError, match=f"'{node.name}' does not choose from what is reported"):
        settings_of(path)


def test_a_detector_that_is_not_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CutError, match="not cut"):
        read_settings(replace(combined_parts(clip_boxes=True), cut=()))


def combined_parts(clip_boxes: bool) -> GraphParts:
    """A detector that is nothing but a CombinedNonMaxSuppression."""
    tf = tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        boxes = tf.placeholder(tf.float32, [None, 50, 1, 4], name="boxes")
        scores = tf.placeholder(tf.float32, [None, 50, 3], name="scores")
        found = tf.raw_ops.CombinedNonMaxSuppression(
            boxes=boxes,
            scores=scores,
            max_output_size_per_class=8,
            max_total_size=15,
            iou_threshold=0.5,
            score_threshold=0.25,
            clip_boxes=clip_boxes,
        )
        for name, tensor in zip(RESULTS, (found[0], found[1], found[2] + 1.0, found[3])):
            tf.identity(tensor, name=name)
    graph_def = proto.GraphDef.FromString(graph.as_graph_def().SerializeToString())
    image = Port("image:0", "image", FLOAT32)
    cut = (Port("scores:0", "scores", FLOAT32), Port("boxes:0", "boxes", FLOAT32))
    results = tuple(Port(name + ":0", name, FLOAT32) for name in RESULTS)
    ports = {"image": image, "network_input": image, "cut": cut, "results": results, "cpu_scopes": ()}
    others = {field.name: image for field in fields(GraphParts) if field.name not in (*ports, "graph")}
    return GraphParts(graph=Graph(graph_def), **ports, **others)


@pytest.mark.parametrize("clip_boxes", [True, False])
def test_settings_of_the_combined_operation_are_its_inputs(clip_boxes: bool) -> None:
    settings = read_settings(combined_parts(clip_boxes))
    assert (settings.score_threshold, settings.iou_threshold) == (0.25, 0.5)
    assert (settings.max_per_class, settings.max_total, settings.class_offset) == (8, 15, 1)
    assert settings.clip == (Clip.AFTER if clip_boxes else Clip.NEVER)
    assert settings.ties == Ties.UNSPECIFIED


def test_results_that_are_mixed_up_are_refused() -> None:
    parts = combined_parts(clip_boxes=True)
    mixed = (parts.results[0], *parts.results[:-1])
    with pytest.raises(CutError, match="not what CombinedNonMaxSuppression gives"):
        read_settings(replace(parts, results=mixed))


def random_tensors(parts: GraphParts, frames: int) -> Any:
    """For each port of the cut: scores 0..1, boxes within 0..1, and the whole picture as window."""
    random = np.random.RandomState(0)
    scores = next(port for port in parts.cut if port.role == "scores")
    count, classes = (scores.shape or (0, 50, 3))[1:]
    low = 0.6 * random.rand(frames, count, 1, 2)
    boxes = np.concatenate([low, low + 0.1 + 0.3 * random.rand(frames, count, 1, 2)], 3)
    ranks = random.permutation(frames * count * classes).reshape(frames, count, classes)
    of_role = {"scores": ranks / ranks.size, "boxes": boxes, "window": np.array([0, 0, 1, 1])}
    return tuple(of_role[port.role].astype(np.float32) for port in parts.cut)


@pytest.mark.parametrize("generation", [*GENERATIONS, "combined"])
def test_every_frame_of_a_batch_gives_what_the_cpu_part_gives(generation: str, tmp_path: Path) -> None:
    if generation == "combined":
        parts = combined_parts(clip_boxes=True)
    else:
        path = ssd_graphs.write_ssd(tmp_path / "graph.pb", generation)
        parts = identify(load_graph(path)).parts
    frames = 1 if generation == "nms_v0" else 2
    tensors = random_tensors(parts, frames)
    nms = FastNms(parts)
    runner = TensorFlowEngine("cpu", SessionOptions()).compile(parts.cpu(), EVERYTHING)
    boxes, scores, classes, counts = runner.run(tensors)
    for row in range(frames):
        found, count = nms.find(tensors, row), int(counts[row])
        assert found is not None
        assert len(found) == count > 0
        np.testing.assert_array_equal(found.boxes, boxes[row, :count])
        np.testing.assert_array_equal(found.scores, scores[row, :count])
        np.testing.assert_array_equal(found.classes, classes[row, :count])
    runner.close()
