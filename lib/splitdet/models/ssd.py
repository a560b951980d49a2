"""Single-shot detectors: one network, then class-wise non-maximum suppression (NMS).

The cut is found by structure. The NMS operations share a name scope; the tensors that enter it
and depend on the frame are the cut: the scores, the boxes and, in exports of 2018, the window
that boxes are clipped to. Which tensor the scores are tells the generation of the exporter:

    nms_v0 (2017-06)  a sigmoid; NMS is written out, without a loop over the batch
    nms_v1 (2017-11)  a sigmoid or softmax without background; NMS in a loop over the batch
    nms_v2 (2018)     a slice that takes the background off; NMS in a loop over the batch
"""

from __future__ import annotations

import os
from typing import ClassVar, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from splitdet.errors import CutError
from splitdet.graph.cut import Port, Shape
from splitdet.graph.graph import Graph, split_name
from splitdet.graph.shapes import StaticShapes
from splitdet.graph.tensors import FLOAT32
from splitdet.models.base import Model, Parts, find_image
from splitdet.types import Detections, Tensors

NMS_OPS = (
    "NonMaxSuppression",
    "NonMaxSuppressionV2",
    "NonMaxSuppressionV3",
    "NonMaxSuppressionV4",
    "NonMaxSuppressionV5",
    "CombinedNonMaxSuppression",
)
RESULTS = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")


class SsdModel(Model):
    """Strategy of the three generations, which differ only in what feeds the NMS."""

    def __init__(self, parts: Parts, scores: Port) -> None:
        super().__init__(parts)
        self._scores = scores

    @classmethod
    def examine(cls, graph: Graph) -> Model:
        """See `Model.examine`."""
        image = find_image(graph)
        for name in RESULTS:
            if name not in graph:
                raise CutError(
                    f"it has no node {name!r}, which detectors of the zoo end with; is the file cut off?"
                )
        scope = _nms_scope(graph)
        depends = _descendants(graph, split_name(image.tensor)[0])
        entering = [name for name in _entering(graph, scope) if split_name(name)[0] in depends]
        generation = _generation(graph, scope, entering)
        if generation != cls.type_name:
            raise CutError(f"its NMS is fed like that of {generation}")
        network_input, shapes = _network_input(graph, image, entering)
        cut = _roles(graph, entering, shapes)
        parts = Parts(
            graph=graph,
            image=image,
            network_input=network_input,
            cut=cut,
            results=tuple(Port(name + ":0", name, graph.dtype(name)) for name in RESULTS),
            cpu_scope=scope,
        )
        return cls(parts, cut[0])

    @property
    def anchors(self) -> Optional[int]:
        """See `Model.anchors`."""
        return self._scores.shape[1] if self._scores.shape else None

    @property
    def classes(self) -> Optional[int]:
        """See `Model.classes`."""
        return self._scores.shape[2] if self._scores.shape else None

    def result(self, tensors: Tensors, row: int) -> Detections:
        """See `Model.result`."""
        boxes, scores, classes, counts = tensors
        count = int(counts[row])
        return Detections(
            np.asarray(boxes[row, :count], np.float32),
            np.asarray(scores[row, :count], np.float32),
            np.asarray(classes[row, :count], np.int64),
        )


class NmsV0(SsdModel):
    """Detectors exported in June 2017."""

    type_name: ClassVar[str] = "nms_v0"


class NmsV1(SsdModel):
    """Detectors exported in November 2017."""

    type_name: ClassVar[str] = "nms_v1"


class NmsV2(SsdModel):
    """Detectors exported in 2018."""

    type_name: ClassVar[str] = "nms_v2"


def _nms_scope(graph: Graph) -> str:
    """Prefix that the names of the NMS nodes share, with its slash."""
    names = [node.name for node in graph if node.op in NMS_OPS]
    if not names:
        raise CutError("it has no non-maximum suppression ({})".format(", ".join(NMS_OPS)))
    scopes = {_outer_scope(name) for name in names}
    if len(scopes) > 1:
        raise CutError(
            "it suppresses twice ({}), as two-stage detectors do".format(", ".join(sorted(scopes)))
        )
    return scopes.pop()


def _outer_scope(name: str) -> str:
    """The scope of an NMS node up to the outermost name that speaks of suppression."""
    levels = name.split("/")[:-1]
    for depth, level in enumerate(levels):
        if "NonMaxSuppression" in level:
            return "/".join(levels[: depth + 1]) + "/"
    return os.path.dirname(name) + "/"


def _entering(graph: Graph, scope: str) -> List[str]:
    """Full names of the tensors that the scope reads from outside, in the order of the file."""
    found: Dict[str, bool] = {}
    for node in graph:
        if node.name.startswith(scope):
            found.update((name, True) for name in graph.inputs(node) if not name.startswith(scope))
    return list(found)


def _descendants(graph: Graph, name: str) -> Set[str]:
    """Names of the nodes that read `name`, directly or not."""
    readers: Dict[str, List[str]] = {}
    for node in graph:
        for read in graph.inputs(node):
            readers.setdefault(split_name(read)[0], []).append(node.name)
    found: Set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(readers.get(current, ()))
    return found


def _generation(graph: Graph, scope: str, entering: Sequence[str]) -> str:
    operations = {graph.node(graph.source(name)).op for name in entering}
    if "Slice" in operations or "StridedSlice" in operations:
        return NmsV2.type_name
    loops = any(node.op == "Enter" for node in graph if node.name.startswith(scope))
    return NmsV1.type_name if loops else NmsV0.type_name


def _network_input(graph: Graph, image: Port, entering: Sequence[str]) -> Tuple[Port, StaticShapes]:
    """What the first convolution reads, and the shapes of everything behind it."""
    needed = graph.ancestors(entering)
    convolutions = [
        name for name in needed if graph.nodes[name].op in ("Conv2D", "DepthwiseConv2dNative")
    ]
    first = [
        name
        for name in convolutions
        if not any(
            graph.nodes[other].op in ("Conv2D", "DepthwiseConv2dNative")
            for other in graph.ancestors([graph.inputs(graph.nodes[name])[0]])
        )
    ]
    if not first:
        raise CutError("it has no convolution between the image and the NMS")
    tensor = graph.inputs(graph.nodes[first[0]])[0]
    while graph.node(tensor).op in ("Pad", "Identity") or "FakeQuant" in graph.node(tensor).op:
        tensor = graph.inputs(graph.node(tensor))[0]
    shape = _resized_shape(graph, image, tensor)
    shapes = StaticShapes(graph, {tensor: shape})
    return Port(tensor, "input", FLOAT32, shape), shapes


def _resized_shape(graph: Graph, image: Port, tensor: str) -> Shape:
    """Shape of the network's input; height and width known where the resize is to a constant."""
    batch = image.shape[0] if image.shape else None
    sizes = {
        tuple(graph.constant(graph.inputs(graph.nodes[name])[1]) or ())
        for name in graph.ancestors([tensor])
        if graph.nodes[name].op in ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic")
    }
    if len(sizes) == 1:
        size = sizes.pop()
        if len(size) == 2:
            return (batch, int(size[0]), int(size[1]), 3)
    return (batch, None, None, 3)


def _roles(graph: Graph, entering: Sequence[str], shapes: StaticShapes) -> Tuple[Port, ...]:
    """The cut in the order scores, boxes, others: told apart by rank, then by name."""
    scores: List[Port] = []
    boxes: List[Port] = []
    others: List[Port] = []
    for tensor in entering:
        shape = shapes.of(tensor)
        rank = len(shape) if shape is not None else None
        dtype = graph.dtype(tensor) or FLOAT32
        if rank == 4:
            boxes.append(Port(tensor, "boxes", dtype, shape))
        elif rank == 3:
            scores.append(Port(tensor, "scores", dtype, shape))
        else:
            others.append(Port(tensor, "window", dtype, shape))
    if len(scores) != 1 or len(boxes) != 1:
        raise CutError(
            "its NMS must read one tensor of scores and one of boxes from the network; it reads "
            + (", ".join(entering) or "none")
        )
    return (*scores, *boxes, *others)
