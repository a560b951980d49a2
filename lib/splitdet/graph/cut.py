"""Parts that engines run, and taking one out of a graph: what lies between some tensors and others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Optional, Sequence, Tuple

from splitdet.errors import CutError
from splitdet.graph import proto
from splitdet.graph.graph import Graph, attribute, full_name, split_name
from splitdet.graph.tensors import DTYPES, from_shape, to_shape

Shape = Optional[Tuple[Optional[int], ...]]
"""None: not even the rank is known. A None inside: that dimension is not known."""


def shape_text(shape: Shape) -> str:
    """`1x300x300x3`, with a question mark for a size that is not known."""
    if shape is None:
        return "unknown"
    return "x".join("?" if size is None else str(size) for size in shape)


@dataclass(frozen=True)
class Port:
    """A tensor at which a graph is entered, cut or left."""

    tensor: str
    """Full name in the uncut graph, such as `Postprocessor/Slice:0`."""
    role: str
    """What it means: `image`, `input`, `scores`, `boxes`, `window`, .."""
    dtype: int
    """Number of `tensorflow/core/framework/types.proto`."""
    shape: Shape = None

    def __str__(self) -> str:
        kind = DTYPES.get(self.dtype)
        return f"{self.tensor} {kind.__name__ if kind else self.dtype} [{shape_text(self.shape)}]"


@dataclass(frozen=True)
class Part(ABC):
    """Something that an engine can run by itself, in one of the formats that networks come in."""

    name: str
    """What errors and timings call it."""
    inputs: Tuple[str, ...]
    """Full names of its tensors."""
    outputs: Tuple[str, ...]
    """Full names of its tensors."""

    suffix: ClassVar[str]
    """Of files in its format, with the dot."""

    @property
    @abstractmethod
    def data(self) -> bytes:
        """Such a file; the same bytes for the same part."""

    @property
    @abstractmethod
    def input_shape(self) -> Shape:
        """Shape of its first input."""


@dataclass(frozen=True)
class GraphPart(Part):
    """A piece of a TensorFlow graph."""

    graph_def: proto.GraphDef

    suffix: ClassVar[str] = ".pb"

    @property
    def data(self) -> bytes:
        """See `Part.data`."""
        graph_def: Any = self.graph_def
        # a map has no order of its own
        return bytes(graph_def.SerializeToString(deterministic=True))

    @property
    def input_shape(self) -> Shape:
        """See `Part.input_shape`."""
        name = split_name(self.inputs[0])[0]
        return from_shape(attribute(Graph(self.graph_def).nodes[name], "shape").shape)


def extract(graph: Graph, name: str, inputs: Sequence[Port], outputs: Sequence[Port]) -> GraphPart:
    """The piece of `graph` that computes `outputs` from `inputs`.

    Each input becomes a placeholder with the name of its node, so everything behind it keeps its
    names. Constants that the piece reads come with it.

    Raises:
        CutError: the piece still needs a placeholder that is not among `inputs`.
    """
    fed = {full_name(port.tensor): port for port in inputs}
    keep = _needed(graph, outputs, fed)
    renamed = {tensor: _placeholder_name(tensor, keep) for tensor in fed}
    piece = proto.GraphDef()
    piece.versions.CopyFrom(graph.graph_def.versions)
    for tensor, port in fed.items():
        node = piece.node.add(name=renamed[tensor], op="Placeholder")
        node.attr["dtype"].type = port.dtype
        node.attr["shape"].shape.CopyFrom(to_shape(port.shape))
    for node_name in graph.nodes:  # the order of the file, so equal cuts give equal bytes
        if node_name in keep:
            _copy_node(graph.nodes[node_name], piece, renamed, keep)
    return GraphPart(
        name,
        inputs=tuple(renamed[tensor] + ":0" for tensor in fed),
        outputs=tuple(
            renamed[tensor] + ":0" if tensor in fed else tensor
            for tensor in (full_name(port.tensor) for port in outputs)
        ),
        graph_def=piece,
    )


def _needed(graph: Graph, outputs: Sequence[Port], fed: Dict[str, Port]) -> Dict[str, bool]:
    """Names of the nodes between `fed` and `outputs`; a node that is fed itself is not among them."""
    keep: Dict[str, bool] = {}
    fed_nodes = {split_name(tensor)[0] for tensor in fed}
    waiting = [full_name(port.tensor) for port in outputs]
    while waiting:
        tensor = waiting.pop()
        name, index = split_name(tensor)
        is_fed = tensor in fed if index >= 0 else name in fed_nodes
        if name in keep or is_fed:
            continue
        node = graph.nodes[name]
        if node.op == "Placeholder":
            raise CutError("the part behind {} also needs {!r}".format(", ".join(sorted(fed)), name))
        keep[name] = True
        waiting.extend(full_name(i) if not i.startswith("^") else i for i in node.input)
    return keep


def _placeholder_name(tensor: str, keep: Dict[str, bool]) -> str:
    name, index = split_name(tensor)
    return name if index == 0 and name not in keep else f"{name}__{index}"


def _copy_node(
    node: proto.NodeDef, piece: proto.GraphDef, renamed: Dict[str, str], keep: Dict[str, bool]
) -> None:
    copy = piece.node.add()
    copy.CopyFrom(node)
    placeholders = {split_name(tensor)[0]: name for tensor, name in renamed.items()}
    for position, name in enumerate(copy.input):
        if not name.startswith("^"):
            copy.input[position] = renamed.get(full_name(name), name)
        elif name[1:] in placeholders and name[1:] not in keep:
            copy.input[position] = "^" + placeholders[name[1:]]
    # colocation with a node that may be gone breaks the import
    if "_class" in copy.attr:
        del copy.attr["_class"]
