"""What a graph is made of: its image, its suppressions, its first convolution.

Everything here is found by structure. Names only decide where the Object Detection API itself
relies on them: the results, and the scope that the nodes of one suppression share.
"""

from __future__ import annotations

import os
import re
from typing import Dict, List, Optional, Sequence, Set, Tuple

from splitdet.errors import CutError
from splitdet.graph import proto
from splitdet.graph.cut import Port, Shape
from splitdet.graph.graph import Graph, attribute, split_name
from splitdet.graph.shapes import StaticShapes
from splitdet.graph.tensors import FLOAT32, UINT8, from_shape

RESULTS = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
"""Names of what detectors end with."""
NMS_OPS = (
    "NonMaxSuppression",
    "NonMaxSuppressionV2",
    "NonMaxSuppressionV3",
    "NonMaxSuppressionV4",
    "NonMaxSuppressionV5",
    "CombinedNonMaxSuppression",
)
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_NAMES = {
    "scores": r"convert_scores|Slice|Sigmoid|(raw_)?(box_|class_)?scores",
    "boxes": r"ExpandDims|(raw_)?(detection_)?box(es|_locations)",
}
"""Last parts of names that the Object Detection API gives to what the NMS reads."""
_ELEMENTWISE = ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Identity", "Reshape")
_RESIZES = ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic")


class Structure:
    """Facts about a graph that the model types decide by. Each is looked for when it is asked for.

    Methods that look for something raise CutError where it is not there.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._readers: Dict[str, List[str]] = {}
        for node in graph:
            for read in graph.inputs(node):
                self._readers.setdefault(split_name(read)[0], []).append(node.name)
        self._image: Optional[Port] = None
        self._scopes: Optional[List[str]] = None
        self._of_image: Optional[Set[str]] = None
        self._network_input: Optional[Port] = None
        self._entering: Dict[str, List[str]] = {}

    def has(self, *operations: str) -> bool:
        """Whether the graph has one of these operations."""
        return any(node.op in operations for node in self.graph)

    def image(self) -> Port:
        """The placeholder that takes frames: the only one of type uint8."""
        if self._image is None:
            self._image = _find_image(self.graph)
        return self._image

    def depends_on_image(self, tensor: str) -> bool:
        """Whether `tensor` is different for another frame."""
        if self._of_image is None:
            self._of_image = self.descendants(split_name(self.image().tensor)[0])
        return split_name(tensor)[0] in self._of_image

    def readers(self, name: str) -> List[str]:
        """Names of the nodes that read an output of node `name`."""
        return self._readers.get(name, [])

    def descendants(self, name: str) -> Set[str]:
        """Names of the nodes that read `name`, directly or not, and `name` itself."""
        found: Set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting.extend(self.readers(current))
        return found

    def result(self, name: str) -> Optional[Port]:
        """The node called `name`, whatever scope it lies in; None unless there is just one."""
        found = [name] if name in self.graph else []
        found = found or [node.name for node in self.graph if node.name.endswith("/" + name)]
        if len(found) != 1:
            return None
        return Port(found[0] + ":0", name, self.graph.dtype(found[0]))

    def results(self, names: Sequence[str]) -> Tuple[Port, ...]:
        """The nodes called `names`."""
        found = []
        for name in names:
            port = self.result(name)
            if port is None:
                raise CutError(
                    f"it has no node {name!r}, which detectors of the zoo end with; is the file cut off?"
                )
            found.append(port)
        return tuple(found)

    def nms_scopes(self) -> List[str]:
        """Prefixes that the nodes of each suppression share, with a slash; the first to run first."""
        if self._scopes is None:
            names = [node.name for node in self.graph if node.op in NMS_OPS]
            first_of: Dict[str, str] = {}
            for name in names:
                first_of.setdefault(_outer_scope(name), name)
            needs = {scope: self.graph.ancestors([name]) for scope, name in first_of.items()}
            self._scopes = sorted(needs, key=lambda scope: len(needs[scope] & set(names)))
        return self._scopes

    def entering(self, scope: str) -> List[str]:
        """Full names of the tensors that the scope reads from outside, constants included."""
        if scope not in self._entering:
            found: Dict[str, bool] = {}
            for node in self.graph:
                if node.name.startswith(scope):
                    for name in self.graph.inputs(node):
                        if not name.startswith(scope):
                            found[name] = True
            self._entering[scope] = list(found)
        return self._entering[scope]

    def network_input(self) -> Port:
        """What the first convolution behind the image reads: resized and normalised."""
        if self._network_input is None:
            first = self._first_convolution()
            tensor = self.graph.inputs(first)[0]
            while self._is_padding(tensor):
                tensor = self.graph.inputs(self.graph.node(tensor))[0]
            self._network_input = Port(tensor, "input", FLOAT32, self._resized_shape(tensor))
        return self._network_input

    def resized(self) -> Optional[Port]:
        """What the resize gives, before it is normalised: float32 (B, h, w, 3), RGB, 0..255.

        None unless frames are stretched to a constant size, whatever their own.
        """
        network = self.network_input()
        if network.shape is None or None in network.shape[1:] or not self._stretches(network.tensor):
            return None
        tensor = network.tensor
        while True:
            node = self.graph.node(tensor)
            varying = [name for name in self.graph.inputs(node) if self.depends_on_image(name)]
            if node.op not in _ELEMENTWISE or len(varying) != 1:
                return Port(tensor, "resized", FLOAT32, network.shape)
            tensor = varying[0]

    def _stretches(self, tensor: str) -> bool:
        """Whether all that happens to the frame's shape is one bilinear resize of the old kind."""
        before = [self.graph.nodes[name] for name in self.graph.ancestors([tensor])]
        resizes = [node for node in before if node.op in _RESIZES]
        return (
            [node.op for node in resizes] == ["ResizeBilinear"]
            and not attribute(resizes[0], "align_corners").b
            and not attribute(resizes[0], "half_pixel_centers").b
            and not any(node.op.startswith("Pad") for node in before)
        )

    def nms_cut(self, scope: str) -> Tuple[Port, ...]:
        """What enters `scope`, in the order scores, boxes, others.

        Told apart by rank; by name where the graph does not tell the rank.
        """
        network = self.network_input()
        shapes = StaticShapes(self.graph, {network.tensor: network.shape})
        entering = [name for name in self.entering(scope) if self.depends_on_image(name)]
        roles: Dict[str, List[Port]] = {"scores": [], "boxes": [], "window": [], "count": []}
        for tensor in entering:
            shape = shapes.of(tensor)
            dtype = self.graph.dtype(tensor) or FLOAT32
            role = "count" if dtype != FLOAT32 else _role(tensor, shape)
            roles[role].append(Port(tensor, role, dtype, shape))
        if len(roles["scores"]) != 1 or len(roles["boxes"]) != 1:
            raise CutError(
                "its NMS must read one tensor of scores and one of boxes from the network; it reads "
                + (", ".join(entering) or "none")
            )
        return tuple(port for ports in roles.values() for port in ports)

    def _first_convolution(self) -> proto.NodeDef:
        """The convolution that no other one comes before."""
        reached: List[str] = []
        seen: Set[str] = set()
        waiting = [split_name(self.image().tensor)[0]]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            if self.graph.nodes[current].op in _CONVOLUTIONS:
                reached.append(current)
            else:
                waiting.extend(self.readers(current))
        # sizes of the image may reach later ones, past the first
        for name in reached:
            before = self.graph.ancestors(self.graph.inputs(self.graph.nodes[name])[:1])
            if not any(self.graph.nodes[other].op in _CONVOLUTIONS for other in before):
                return self.graph.nodes[name]
        raise CutError("it has no convolution behind the image")

    def _is_padding(self, tensor: str) -> bool:
        operation = self.graph.node(tensor).op
        return operation in ("Pad", "Identity") or "FakeQuant" in operation

    def _resized_shape(self, tensor: str) -> Shape:
        """Shape of the network's input; height and width known where the resize is to a constant."""
        image = self.image().shape
        batch = image[0] if image else None
        sizes = {
            tuple(self.graph.constant(self.graph.inputs(self.graph.nodes[name])[1]) or ())
            for name in self.graph.ancestors([tensor])
            if self.graph.nodes[name].op in _RESIZES
        }
        if len(sizes) == 1:
            size = sizes.pop()
            if len(size) == 2:
                return (batch, int(size[0]), int(size[1]), 3)
        return (batch, None, None, 3)


def _role(tensor: str, shape: Shape) -> str:
    """What a floating-point tensor is to the NMS that reads it."""
    if shape is not None:
        return {3: "scores", 4: "boxes"}.get(len(shape), "window")
    name = split_name(tensor)[0].rpartition("/")[2]
    return next((role for role, names in _NAMES.items() if re.match(names, name)), "window")


def _outer_scope(name: str) -> str:
    """The scope of an NMS node up to the outermost name that speaks of suppression."""
    levels = name.split("/")[:-1]
    for depth, level in enumerate(levels):
        if "NonMaxSuppression" in level:
            return "/".join(levels[: depth + 1]) + "/"
    return os.path.dirname(name) + "/"


def _find_image(graph: Graph) -> Port:
    found: List[Port] = []
    for node in graph:
        if node.op != "Placeholder" or attribute(node, "dtype").type != UINT8:
            continue
        dims = from_shape(attribute(node, "shape").shape)
        found.append(Port(node.name + ":0", "image", UINT8, dims))
    if len(found) != 1:
        others = ", ".join(
            f"{node.name} ({attribute(node, 'dtype').type})"
            for node in graph
            if node.op == "Placeholder"
        )
        raise CutError(
            f"it must have one uint8 placeholder for the image, but has {len(found)} "
            f"(placeholders and the numbers of their types: {others or 'none'})"
        )
    return found[0]
