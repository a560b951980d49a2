"""What every model type offers: where its graph is cut, and what its tensors mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Dict, Optional, Sequence, Tuple

import cv2
import numpy as np

from splitdet.errors import CutError
from splitdet.graph.cut import Part, Port, extract
from splitdet.graph.graph import Graph
from splitdet.models.structure import Structure
from splitdet.types import Detections, Selection, Tensors

_LABELS_BY_COUNT: Dict[int, str] = {90: "coco", 37: "pets", 601: "open_images", 1: "one_class"}


@dataclass(frozen=True)
class Parts:
    """The seams of a detection graph, and the parts between them."""

    graph: Graph
    image: Port
    """Frames: uint8 (B, H, W, 3), RGB."""
    network_input: Port
    """What the first convolution reads, resized and normalised."""
    resized: Optional[Port]
    """What the resize gives, before it is normalised: float32 (B, h, w, 3), RGB, 0..255; other engines
    start here. None unless frames are stretched to a constant size."""
    cut: Tuple[Port, ...]
    """Where the accelerator part ends and the CPU part begins; empty where a type has no split."""
    results: Tuple[Port, ...]
    cpu_scopes: Tuple[str, ...]
    """Prefixes of the nodes that belong on a CPU even when the graph is not split."""

    def whole(self) -> Part:
        """Frames to results."""
        return extract(self.graph, "whole", [self.image], self.results)

    def accelerator(self) -> Part:
        """Frames to the cut: preprocessing and the network."""
        return extract(self.graph, "accelerator", [self.image], self.cut)

    def network(self) -> Part:
        """Resized frames to scores and boxes: nothing but the network.

        Raises:
            CutError: the graph has no split, or does not stretch frames to a constant size.
        """
        if self.resized is None or not self.cut:
            raise CutError("it has no network that could be taken out of it")
        outputs = [port for port in self.cut if port.role in ("scores", "boxes")]
        return extract(self.graph, "network", [self.resized], outputs)

    def cpu(self) -> Part:
        """The cut to results: non-maximum suppression."""
        return extract(self.graph, "cpu", self.cut, self.results)


class Model(ABC):
    """A strategy, one for each `model_type`."""

    type_name: ClassVar[str]
    feeders_key: ClassVar[str] = "accelerator_feeders"
    """The key of config.yml that says how many threads run the network."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    @classmethod
    @abstractmethod
    def examine(cls, structure: Structure) -> Model:
        """The model in a graph.

        Raises:
            CutError: the graph is not of this type; the message names the rule that failed.
        """

    @property
    def anchors(self) -> Optional[int]:
        """Boxes that a single-shot detector has for every frame; None for other types."""
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

    @property
    def default_labels(self) -> str:
        """Label map for a model that comes without one; empty where no shipped one fits."""
        return _LABELS_BY_COUNT.get(self.classes or 0, "")

    def prepare(self, images: Sequence[np.ndarray]) -> Tensors:
        """Frames of one size as the graph takes them: uint8 (B, H, W, 3), RGB.

        Args:
            images: uint8 (H, W, 3), BGR.
        """
        return (np.stack([rgb(image) for image in images]),)

    @abstractmethod
    def result(self, tensors: Tensors, row: int, selection: Selection) -> Detections:
        """What the graph found in frame `row` of the batch, as far as it is to be reported.

        Args:
            tensors: one array for each of `parts.results`, first axis: the frames of the batch.
        """


def rgb(image: np.ndarray) -> np.ndarray:
    """BGR, as OpenCV reads it, to RGB, as the graphs take it."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
