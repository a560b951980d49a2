"""Where a model file is cut, and what lies between the cuts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Dict, Optional, Tuple

from splitdet.errors import CutError
from splitdet.graph.cut import GraphPart, Part, Port, extract
from splitdet.graph.graph import Graph
from splitdet.models.nms_settings import Habits, read_settings
from splitdet.nms import NmsSettings

_NO_NMS = "its NMS is not in the file"


@dataclass(frozen=True)
class Parts(ABC):
    """The seams of a model file, and the parts between them.

    A file that holds a network and no NMS has no other part.
    """

    image: Port
    """What the file takes. Of a graph, frames: uint8 (B, H, W, 3), RGB."""
    network_input: Port
    """What the first convolution reads, resized and normalised."""
    resized: Optional[Port]
    """What the resize gives, before it is normalised: float32 (B, h, w, 3), RGB, 0..255; engines other
    than TensorFlow start here. None unless frames are stretched to a constant size; only engines that
    read the loops around networks take part then."""
    cut: Tuple[Port, ...]
    """Where the accelerator part ends and the CPU part begins; empty where a type has no split."""
    results: Tuple[Port, ...]
    """Empty where the NMS is not in the file."""

    cpu_scopes: Tuple[str, ...]
    """Prefixes of the nodes that belong on a CPU even when the graph is not split."""

    file_format: ClassVar[str]
    """What engines must be able to read."""

    @property
    @abstractmethod
    def node_counts(self) -> Dict[str, int]:
        """Size of the file and of its parts, in nodes."""

    @abstractmethod
    def network(self) -> Part:
        """Resized frames to scores and boxes: nothing but the network.

        Raises:
            CutError: the graph has no split, or does not stretch frames to a constant size.
        """

    @abstractmethod
    def nms_settings(self, like: Optional[Habits] = None) -> NmsSettings:
        """What the NMS behind the cut does.

        Args:
            like: habits to follow where the file does not say; None: those of the TensorFlow that
                is installed.

        Raises:
            CutError: it does something that `nms.suppress` does not; the message says where.
            EngineError: TensorFlow's habits are wanted, but it does not load.
        """

    def accelerator(self) -> Part:
        """Frames to the cut: preprocessing and the network."""
        raise CutError("it does not take frames as they are")

    def whole(self) -> Part:
        """Frames to results."""
        raise CutError(_NO_NMS)

    def cpu(self) -> Part:
        """The cut to results: non-maximum suppression."""
        raise CutError(_NO_NMS)


@dataclass(frozen=True)
class GraphParts(Parts):
    """Those of a TensorFlow graph."""

    graph: Graph

    file_format: ClassVar[str] = "frozen graphs"

    @property
    def node_counts(self) -> Dict[str, int]:
        """See `Parts.node_counts`."""
        counts = {"in all": len(self.graph)}
        if self.cut:
            counts["in the accelerator part"] = len(self.accelerator().graph_def.node)
            counts["in the CPU part"] = len(self.cpu().graph_def.node)
        return counts

    def whole(self) -> GraphPart:
        """See `Parts.whole`."""
        return extract(self.graph, "whole", [self.image], self.results)

    def accelerator(self) -> GraphPart:
        """See `Parts.accelerator`."""
        return extract(self.graph, "accelerator", [self.image], self.cut)

    def network(self) -> GraphPart:
        """See `Parts.network`."""
        if self.resized is None or not self.cut:
            raise CutError("it has no network that could be taken out of it")
        outputs = [port for port in self.cut if port.role in ("scores", "boxes")]
        return extract(self.graph, "network", [self.resized], outputs)

    def nms_settings(self, like: Optional[Habits] = None) -> NmsSettings:
        """See `Parts.nms_settings`."""
        return read_settings(self, like)

    def cpu(self) -> GraphPart:
        """See `Parts.cpu`."""
        return extract(self.graph, "cpu", self.cut, self.results)
