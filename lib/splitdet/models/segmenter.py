"""DeepLab: one network, and a class for every pixel. There is nothing to cut."""

from __future__ import annotations

from typing import ClassVar, List, Optional, Sequence

import cv2
import numpy as np

from splitdet.errors import CutError
from splitdet.graph.cut import Port
from splitdet.graph.graph import attribute
from splitdet.graph.tensors import INT32, INT64
from splitdet.models.base import Model, rgb
from splitdet.models.parts import GraphParts, Parts
from splitdet.models.structure import Structure
from splitdet.types import Segmentation, Selection, Tensors

RESULT = "SemanticPredictions"
LONG_SIDE_PX = 513  # of the published models; used where the graph does not tell


class DeeplabV3(Model):
    """DeepLab v3. Frames are resized so that their long side is that of the network's input."""

    type_name: ClassVar[str] = "deeplab_v3"

    def __init__(self, parts: Parts, classes: Optional[int]) -> None:
        super().__init__(parts)
        self._classes = classes

    @classmethod
    def examine(cls, structure: Structure) -> Model:
        """See `Model.examine`."""
        graph = structure.graph
        image = structure.image()
        result = structure.result(RESULT) or _integer_end(structure)
        argmax = [name for name in graph.ancestors([result.tensor]) if graph.nodes[name].op == "ArgMax"]
        if len(argmax) != 1:
            raise CutError(
                f"its result must come from one ArgMax over the classes; {result.tensor} comes from "
                f"{len(argmax)}"
            )
        network = structure.network_input()
        side = _long_side_px(structure)
        batch = image.shape[0] if image.shape else None
        parts = GraphParts(
            graph=graph,
            image=image,
            network_input=Port(network.tensor, network.role, network.dtype, (batch, side, side, 3)),
            resized=None,
            cut=(),
            results=(result,),
            cpu_scopes=(),
        )
        return cls(parts, _class_count(structure, argmax[0]))

    @property
    def classes(self) -> Optional[int]:
        """See `Model.classes`."""
        return self._classes

    @property
    def default_labels(self) -> str:
        """See `Model.default_labels`."""
        return "pascal_voc" if self._classes == 20 else ""

    def prepare(self, images: Sequence[np.ndarray]) -> Tensors:
        """See `Model.prepare`; (B, h, w, 3) where the longer of h and w is the network's."""
        size = self.input_size_px
        side = size[0] if size else LONG_SIDE_PX
        return (np.stack([rgb(_resized(image, side)) for image in images]),)

    def result(self, tensors: Tensors, row: int, selection: Selection) -> Segmentation:
        """See `Model.result`."""
        return selection.of_pixels(tensors[0][row])


def _resized(image: np.ndarray, side_px: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = side_px / max(height, width)
    size = (max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5)))
    # as the models' authors do it: shrinking averages, so that no thin thing gets lost
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _integer_end(structure: Structure) -> Port:
    """The end of the graph behind an ArgMax, whatever its name."""
    graph = structure.graph
    ends: List[str] = []
    for node in graph:
        if node.op == "ArgMax":
            below = structure.descendants(node.name)
            ends += [name for name in below if structure.descendants(name) == {name}]
    if len(ends) != 1:
        raise CutError(f"it has no node {RESULT!r}, nor one end behind an ArgMax")
    return Port(ends[0] + ":0", RESULT, graph.dtype(ends[0]) or INT64)


def _class_count(structure: Structure, argmax: str) -> Optional[int]:
    """Channels of the last convolution before the ArgMax, less the background; None if not found."""
    graph = structure.graph
    tensor = graph.inputs(graph.nodes[argmax])[0]
    while graph.node(tensor).op in ("ResizeBilinear", "BiasAdd", "Add", "AddV2", "Identity", "Softmax"):
        tensor = graph.inputs(graph.node(tensor))[0]
    if graph.node(tensor).op != "Conv2D":
        return None
    weights = graph.node(graph.source(graph.inputs(graph.node(tensor))[1]))
    shape = attribute(weights, "value").tensor.tensor_shape.dim
    return int(shape[3].size) - 1 if len(shape) == 4 else None


def _long_side_px(structure: Structure) -> int:
    """The size that the graph pads to: the constant from which it takes the size of the picture."""
    graph = structure.graph
    before = graph.ancestors([structure.network_input().tensor])
    found = set()
    for name in before:
        node = graph.nodes[name]
        if node.op == "Sub" and graph.dtype(name) == INT32:
            minuend = graph.constant(graph.inputs(node)[0])
            readers = [graph.nodes[reader].op for reader in structure.readers(name)]
            if minuend is not None and len(minuend) == 1 and "Maximum" in readers:
                found.add(int(minuend[0]))
    return found.pop() if len(found) == 1 else LONG_SIDE_PX
