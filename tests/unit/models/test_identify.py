"""Which type a graph is; and of graphs that are none, which rule they break."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Dict, Iterable

import numpy as np
import pytest

from segmenter_graphs import write_segmenter
from splitdet.detector import Detector
from splitdet.errors import CutError
from splitdet.graph import proto
from splitdet.graph.graph import Graph
from splitdet.graph.load import load_graph, save_graph
from splitdet.graph.tensors import FLOAT32, UINT8
from splitdet.models import MODELS, identify
from ssd_graphs import ZOO_MAPS, anchor_count, write_ssd
from two_stage_graphs import write_two_stage

Edit = Callable[[proto.GraphDef], None]
WRITERS: Dict[str, Callable[[Path], Path]] = {
    "nms_v0": lambda path: write_ssd(path, "nms_v0"),
    "nms_v1": lambda path: write_ssd(path, "nms_v1"),
    "nms_v2": lambda path: write_ssd(path, "nms_v2"),
    "faster_v2": lambda path: write_two_stage(path, masks=False),
    "mask_v1": lambda path: write_two_stage(path, masks=True),
    "deeplab_v3": write_segmenter,
}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Path]:
    """A small graph of every type."""
    folder = tmp_path_factory.mktemp("graphs")
    return {name: write(folder / f"{name}.pb") for name, write in WRITERS.items()}


def nodes(graph: proto.GraphDef, op: str, scope: str = "") -> Iterable[proto.NodeDef]:
    """Nodes of one operation under a scope."""
    return [node for node in graph.node if node.op == op and node.name.startswith(scope)]


def float_image(graph: proto.GraphDef) -> None:
    """The image becomes floating point."""
    nodes(graph, "Placeholder")[0].attr["dtype"].type = FLOAT32


def second_image(graph: proto.GraphDef) -> None:
    """A second picture is asked for."""
    graph.node.add(name="mask_image", op="Placeholder").attr["dtype"].type = UINT8


def without(name: str) -> Edit:
    """A node is gone, and so are those that read it."""

    def edit(graph: proto.GraphDef) -> None:
        gone = {name}
        for node in graph.node:  # builders write a node behind what it reads
            if any(re.sub(r"^\^|:\d+$", "", read) in gone for read in node.input):
                gone.add(node.name)
        kept = [proto.NodeDef() for node in graph.node if node.name not in gone]
        for copy, node in zip(kept, [node for node in graph.node if node.name not in gone]):
            copy.CopyFrom(node)
        del graph.node[:]
        graph.node.extend(kept)

    return edit


def replaced(op: str, by: str, scope: str = "") -> Edit:
    """All operations of a kind become another."""

    def edit(graph: proto.GraphDef) -> None:
        for node in nodes(graph, op, scope):
            node.op = by

    return edit


def renamed(old: str, new: str) -> Edit:
    """A scope gets another name."""

    def edit(graph: proto.GraphDef) -> None:
        pattern = re.compile(r"^(\^?)" + old)
        for node in graph.node:
            node.name = pattern.sub(r"\1" + new, node.name)
            node.input[:] = [pattern.sub(r"\1" + new, read) for read in node.input]

    return edit


def constant_for(name: str) -> Edit:
    """What the network computed becomes a constant."""

    def edit(graph: proto.GraphDef) -> None:
        for node in graph.node:
            if node.name == name:
                node.op = "Const"
                del node.input[:]

    return edit


def split_suppression(graph: proto.GraphDef) -> None:
    """One of the class-wise suppressions moves to a scope of its own."""
    nodes(graph, "NonMaxSuppressionV3")[-1].name = "Other/NonMaxSuppression/late"


def extra_input(graph: proto.GraphDef) -> None:
    """The NMS reads the scores with background, too."""
    other = graph.node.add(name=NMS + "/other", op="Identity")
    other.input.append("Postprocessor/convert_scores")


def second_end(graph: proto.GraphDef) -> None:
    """The segmenter has no named result, and two ends."""
    renamed("SemanticPredictions", "pixels")(graph)
    end = next(node for node in graph.node if node.name == "pixels")
    graph.node.add(name="also", op="Identity", input=list(end.input))


def second_argmax(graph: proto.GraphDef) -> None:
    """The result mixes two ArgMax."""
    first = nodes(graph, "ArgMax")[0]
    copy = graph.node.add()
    copy.CopyFrom(first)
    copy.name = "ArgMax_other"
    next(node for node in graph.node if node.name == "SemanticPredictions").input.append("ArgMax_other")


def without_inputs(op: str) -> Edit:
    """Operations of a kind read their first input only."""

    def edit(graph: proto.GraphDef) -> None:
        for node in nodes(graph, op):
            del node.input[1:]

    return edit


NMS = "Postprocessor/BatchMultiClassNonMaxSuppression"
SECOND_NMS = "SecondStagePostprocessor/BatchMultiClassNonMaxSuppression"
NO_IMAGE = r"must have one uint8 placeholder for the image, but has 0"
FED = r"must read one tensor of scores and one of boxes"
MUTATIONS = {
    "ssd with a floating-point image": ("nms_v2", float_image, "nms_v2", NO_IMAGE),
    "ssd with two images": ("nms_v2", second_image, "nms_v2", r"has 2 \(placeholders"),
    "ssd without boxes": ("nms_v2", without("detection_boxes"), "nms_v2", "no node 'detection_boxes"),
    "ssd without scores": ("nms_v1", without("detection_scores"), "nms_v1", "no node 'detection_sc"),
    "ssd without classes": ("nms_v0", without("detection_classes"), "nms_v0", "no node 'detection_cl"),
    "ssd without a count": ("nms_v2", without("num_detections"), "nms_v2", "no node 'num_detections'"),
    "ssd without nms": ("nms_v2", replaced("NonMaxSuppressionV3", "Foo"), "nms_v2", "no non-maximum"),
    "ssd that suppresses twice": ("nms_v2", split_suppression, "nms_v2", "suppresses in 2 places"),
    "ssd without convolutions": ("nms_v2", replaced("Conv2D", "Conv3D"), "nms_v2", "no convolution"),
    "ssd with constant scores": ("nms_v1", constant_for("Postprocessor/convert_scores"), "nms_v1", FED),
    "ssd with constant boxes": ("nms_v2", constant_for("Postprocessor/ExpandDims_1"), "nms_v2", FED),
    "ssd with two tensors of scores": ("nms_v2", extra_input, "nms_v2", FED),
    "old ssd with a floating-point image": ("nms_v0", float_image, "nms_v0", NO_IMAGE),
    "two stages and a floating-point image": ("faster_v2", float_image, "faster_v2", NO_IMAGE),
    "two-stage detector that suppresses once": (
        "faster_v2",
        replaced("NonMaxSuppressionV3", "Foo", SECOND_NMS),
        "faster_v2",
        r"must suppress in two places, but does so in 1 \(BatchMulti",
    ),
    "two-stage detector without classes": (
        "faster_v2",
        without("detection_classes"),
        "faster_v2",
        "no node 'detection_classes'",
    ),
    "two-stage detector with constant scores": (
        "faster_v2",
        constant_for("SecondStagePostprocessor/Reshape_3"),
        "faster_v2",
        FED,
    ),
    "masks without a count": ("mask_v1", without("num_detections"), "mask_v1", "no node 'num_detect"),
    "masks with three suppressions": ("mask_v1", split_suppression, "mask_v1", "but does so in 3"),
    "masks without any suppression": (
        "mask_v1",
        replaced("NonMaxSuppressionV3", "Foo"),
        "mask_v1",
        r"but does so in 0 \(none\)",
    ),
    "segmenter with a floating-point image": ("deeplab_v3", float_image, "deeplab_v3", NO_IMAGE),
    "segmenter without ArgMax": (
        "deeplab_v3",
        replaced("ArgMax", "ArgMin"),
        "deeplab_v3",
        "comes from 0",
    ),
    "segmenter with two ArgMax": ("deeplab_v3", second_argmax, "deeplab_v3", "comes from 2"),
    "segmenter with two ends": ("deeplab_v3", second_end, "deeplab_v3", "nor one end behind an ArgMax"),
    "segmenter without weights": (
        "deeplab_v3",
        without_inputs("Conv2D"),
        "deeplab_v3",
        r"it is put together in another way \(",
    ),
    "ssd that is resized to no size": (
        "nms_v2",
        without_inputs("ResizeBilinear"),
        "nms_v2",
        r"it is put together in another way \(",
    ),
    "segmenter without convolutions": (
        "deeplab_v3",
        replaced("Conv2D", "Conv3D"),
        "deeplab_v3",
        "no convolution",
    ),
}


@pytest.mark.parametrize("mutation", list(MUTATIONS))
def test_a_graph_that_is_none_names_the_closest_type_and_the_rule(
    mutation: str, graphs: Dict[str, Path], tmp_path: Path
) -> None:
    base, edit, closest, rule = MUTATIONS[mutation]
    graph_def = load_graph(graphs[base]).graph_def
    edit(graph_def)
    with pytest.raises(CutError, match=f"closest to {closest}, but .*{rule}"):
        identify(Graph(graph_def))


@pytest.mark.parametrize("model_type", list(WRITERS))
def test_auto_finds_the_type(model_type: str, graphs: Dict[str, Path]) -> None:
    assert identify(load_graph(graphs[model_type])).type_name == model_type


@pytest.mark.parametrize("model_type", list(WRITERS))
@pytest.mark.parametrize("wrong", list(MODELS))
def test_a_wrong_type_says_what_the_graph_is(
    model_type: str, wrong: str, graphs: Dict[str, Path]
) -> None:
    graph = load_graph(graphs[model_type])
    if wrong == model_type:
        assert identify(graph, wrong).type_name == wrong
        return
    with pytest.raises(CutError, match=f"model_type is {wrong}, but the graph is {model_type}; set "):
        identify(graph, wrong)


@pytest.mark.parametrize("model_type", ["nms_v0", "nms_v1", "nms_v2"])
def test_trt_v1_is_any_single_shot_detector(model_type: str, graphs: Dict[str, Path]) -> None:
    assert identify(load_graph(graphs[model_type]), "trt_v1").type_name == model_type


def test_trt_v1_is_nothing_else(graphs: Dict[str, Path]) -> None:
    with pytest.raises(CutError, match="model_type is trt_v1, but the graph is faster_v2"):
        identify(load_graph(graphs["faster_v2"]), "trt_v1")


STRANGE_NAMES = {
    "everything under a prefix": renamed("", "import/outer/"),
    "the postprocessor renamed": renamed("Postprocessor/", "Head_3/"),
    "the loop renamed": renamed(NMS, "Postprocessor/MyNonMaxSuppression"),
    "the image renamed": renamed("image_tensor", "ToTheCamera"),
}


@pytest.mark.parametrize("strangeness", list(STRANGE_NAMES))
@pytest.mark.parametrize("model_type", ["nms_v1", "nms_v2"])
def test_names_do_not_matter(
    model_type: str, strangeness: str, graphs: Dict[str, Path], tmp_path: Path
) -> None:
    graph_def = load_graph(graphs[model_type]).graph_def
    STRANGE_NAMES[strangeness](graph_def)
    save_graph(graph_def, tmp_path / "strange.pb")
    image = np.random.RandomState(0).randint(0, 256, (80, 90, 3)).astype(np.uint8)
    settings = {"det_th": 0, "engine": "tensorflow"}
    strange = Detector(tmp_path / "strange.pb", **settings)
    with Detector(graphs[model_type], **settings) as known, strange as other:
        assert other.split
        assert other.model.type_name == model_type
        one, two = known.detect(image), other.detect(image)
    assert len(one) > 3
    np.testing.assert_array_equal(one.boxes, two.boxes)
    np.testing.assert_array_equal(one.classes, two.classes)


@pytest.mark.parametrize(("size_px", "anchors"), [(300, 1917), (400, 3309), (500, 5118), (600, 7326)])
def test_anchors_of_other_input_sizes_are_found(size_px: int, anchors: int, tmp_path: Path) -> None:
    assert anchor_count(size_px, ZOO_MAPS) == anchors
    model = identify(load_graph(write_ssd(tmp_path / "g.pb", "nms_v2", size_px, 2, maps=ZOO_MAPS)))
    assert model.anchors == anchors
    assert model.input_size_px == (size_px, size_px)


def test_looking_at_a_graph_does_not_change_it(graphs: Dict[str, Path]) -> None:
    for path in graphs.values():
        graph = load_graph(path)
        before = graph.graph_def.SerializeToString(deterministic=True)
        identify(graph)
        assert graph.graph_def.SerializeToString(deterministic=True) == before
