"""What every model type offers: where its graph is cut, and what its tensors mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, List, Optional, Tuple

from splitdet.errors import CutError
from splitdet.graph.cut import Part, Port, extract
from splitdet.graph.graph import Graph, attribute
from splitdet.graph.tensors import UINT8
from splitdet.types import Detections, Tensors


@dataclass(frozen=True)
class Parts:
    """The seams of a detection graph, and the parts between them."""

    graph: Graph
    image: Port
    """Frames: uint8 (B, H, W, 3), RGB."""
    network_input: Port
    """What the first convolution reads, resized and normalised; other engines start here."""
    cut: Tuple[Port, ...]
    """Where the accelerator part ends and the CPU part begins; empty where a type has no split."""
    results: Tuple[Port, ...]
    cpu_scope: str
    """Prefix of the nodes that belong on a CPU even when the graph is not split."""

    def whole(self) -> Part:
        """Frames to results."""
        return extract(self.graph, "whole", [self.image], self.results)

    def accelerator(self) -> Part:
        """Frames to the cut: preprocessing and the network."""
        return extract(self.graph, "accelerator", [self.image], self.cut)

    def cpu(self) -> Part:
        """The cut to results: non-maximum suppression."""
        return extract(self.graph, "cpu", self.cut, self.results)


class Model(ABC):
    """A strategy, one for each `model_type`."""

    type_name: ClassVar[str]

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    @classmethod
    @abstractmethod
    def examine(cls, graph: Graph) -> Model:
        """The model in `graph`.

        Raises:
            CutError: the graph is not of this type; the message names the rule that failed.
        """

    @property
    def anchors(self) -> Optional[int]:
        """Boxes that go into non-maximum suppression; None where it depends on the frame."""
        return None

    @property
    def classes(self) -> Optional[int]:
        """Classes that the model tells apart, background not counted; None if not known."""
        return None

    @property
    def input_size_px(self) -> Optional[Tuple[int, int]]:
        """Height and width that frames are resized to; None where it depends on the frame."""
        shape = self.parts.network_input.shape
        if shape is None or len(shape) != 4 or shape[1] is None or shape[2] is None:
            return None
        return shape[1], shape[2]

    @property
    def takes_batches(self) -> bool:
        """Whether several frames can go through the graph together."""
        shape = self.parts.image.shape
        return shape is None or shape[0] is None

    @abstractmethod
    def result(self, tensors: Tensors, row: int) -> Detections:
        """What the graph found in frame `row` of the batch.

        Args:
            tensors: one array for each of `parts.results`, first axis: the frames of the batch.
        """


def find_image(graph: Graph) -> Port:
    """The placeholder that takes frames.

    Raises:
        CutError: there is none, or more than one.
    """
    found: List[Port] = []
    for node in graph:
        if node.op != "Placeholder" or attribute(node, "dtype").type != UINT8:
            continue
        shape = attribute(node, "shape").shape
        dims = None
        if not shape.unknown_rank and shape.dim:
            dims = tuple(None if dim.size < 0 else int(dim.size) for dim in shape.dim)
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
