"""A frozen graph that can be walked: nodes by name, what feeds them, what they feed."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Optional, Set, Tuple

from splitdet.graph import proto
from splitdet.graph.tensors import INT32, STRING, to_array

# operations whose first output has a type of its own, not the one of attribute T
_DTYPE_ATTRS = ("dtype", "DstT", "out_type", "T")
_WAYS_BACK = ("NextIteration", "RefNextIteration")
"""Operations that hand a value on to the next turn of a loop."""


def split_name(tensor: str) -> Tuple[str, int]:
    """`scope/node:1` to (`scope/node`, 1); `scope/node` is its output 0, `^scope/node` -1."""
    if tensor.startswith("^"):
        return tensor[1:], -1
    name, colon, index = tensor.rpartition(":")
    return (name, int(index)) if colon else (tensor, 0)


def full_name(tensor: str) -> str:
    """`scope/node` to `scope/node:0`; not for control inputs."""
    return tensor if ":" in tensor else tensor + ":0"


_NO_ATTRIBUTE = proto.AttrValue()


def attribute(node: proto.NodeDef, name: str) -> proto.AttrValue:
    """An attribute of a node; an empty one where it is missing.

    Reading `node.attr[name]` would add it to the node, and so change the graph.
    """
    return node.attr.get(name, _NO_ATTRIBUTE)


class Graph:
    """Nodes of a GraphDef by name. The graph is never changed, only read and cut."""

    def __init__(self, graph_def: proto.GraphDef) -> None:
        self.graph_def = graph_def
        self.nodes: Dict[str, proto.NodeDef] = {node.name: node for node in graph_def.node}

    def __contains__(self, tensor: str) -> bool:
        return split_name(tensor)[0] in self.nodes

    def __iter__(self) -> Iterator[proto.NodeDef]:
        return iter(self.nodes.values())

    def __len__(self) -> int:
        return len(self.nodes)

    def node(self, tensor: str) -> proto.NodeDef:
        """The node that gives `tensor`; KeyError where there is none."""
        return self.nodes[split_name(tensor)[0]]

    def inputs(self, node: proto.NodeDef) -> List[str]:
        """Full names of the tensors that `node` reads, control inputs left out."""
        return [full_name(name) for name in node.input if not name.startswith("^")]

    def source(self, tensor: str) -> str:
        """`tensor` with the Identity nodes in front of it skipped."""
        node = self.nodes.get(split_name(tensor)[0])
        while node is not None and node.op == "Identity":
            tensor = self.inputs(node)[0]
            node = self.nodes.get(split_name(tensor)[0])
        return full_name(tensor)

    def ancestors(self, tensors: Iterable[str]) -> Set[str]:
        """Names of all nodes that `tensors` need, their own included."""
        found: Set[str] = set()
        waiting = [split_name(name)[0] for name in tensors]
        while waiting:
            name = waiting.pop()
            if name in found or name not in self.nodes:
                continue
            found.add(name)
            waiting.extend(split_name(i)[0] for i in self.nodes[name].input)
        return found

    def circular(self) -> Optional[str]:
        """Name of a node that needs its own result; None where there is none.

        The way back in a loop, through NextIteration, is none of that.
        """
        begun: Set[str] = set()
        done: Set[str] = set()
        for first in self.nodes:
            waiting = [(first, False)]
            while waiting:
                name, is_done = waiting.pop()
                if is_done:
                    done.add(name)
                elif name in begun:
                    if name not in done:
                        return name
                else:
                    begun.add(name)
                    waiting.append((name, True))
                    node = self.nodes[name]
                    if node.op not in _WAYS_BACK:
                        waiting.extend((split_name(read)[0], False) for read in node.input)
        return None

    def constant(self, tensor: str) -> Optional[List[float]]:
        """The numbers of a constant, flat, Identity nodes skipped; None for anything else."""
        node = self.nodes.get(split_name(self.source(tensor))[0])
        if node is None or node.op != "Const":
            return None
        array = to_array(attribute(node, "value").tensor)
        return None if array is None else list(array.ravel().tolist())

    def dtype(self, tensor: str) -> int:
        """Number of the tensor's type (`tensorflow/core/framework/types.proto`).

        0 where the operation does not say.
        """
        node = self.node(tensor)
        if node.op == "Shape" and "out_type" not in node.attr:
            return INT32
        for name in _DTYPE_ATTRS:
            if attribute(node, name).type:
                return attribute(node, name).type
        return STRING if node.op == "Const" else 0
