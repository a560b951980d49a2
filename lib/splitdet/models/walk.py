"""Going back through a graph, from what is read to what it was made of."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

from splitdet.errors import CutError
from splitdet.graph import proto
from splitdet.graph.graph import Graph, attribute, full_name, split_name

_PLUMBING = ("Identity", "Enter", "Exit", "Switch")
"""Operations that hand on their first input, into loops, out of them and past branches."""

_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
UNEXPECTED = (LookupError, ValueError, ArithmeticError)
"""What reading a graph raises on nodes with other inputs, or other constants, than they should have."""


class Columns(NamedTuple):
    """Some columns of a tensor: positions on its last axis."""

    tensor: str
    numbers: Tuple[int, ...]


class Walk:
    """Steps back through `graph`. Each raises CutError where the graph has something else there.

    Tensors are full names.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def source(self, tensor: str) -> str:
        """`tensor`, past operations that only hand it on."""
        node = self._graph.node(tensor)
        while node.op in _PLUMBING:
            tensor = self._graph.inputs(node)[0]
            node = self._graph.node(tensor)
        return full_name(tensor)

    def node(self, tensor: str) -> proto.NodeDef:
        """The node that computes `tensor`."""
        return self._graph.node(self.source(tensor))

    def expect(self, tensor: str, *operations: str) -> proto.NodeDef:
        """The node that computes `tensor`, which must be one of `operations`."""
        node = self.node(tensor)
        if node.op not in operations:
            raise CutError(f"{node.name!r} is {node.op}, where {' or '.join(operations)} was expected")
        return node

    def inputs(self, tensor: str, *operations: str) -> List[str]:
        """What the node that computes `tensor` reads; it must be one of `operations`."""
        return self._graph.inputs(self.expect(tensor, *operations))

    def is_operation(self, tensor: str, *operations: str) -> bool:
        """Whether `tensor` is computed by one of `operations`."""
        return self.node(tensor).op in operations

    def is_same(self, one: str, other: str) -> bool:
        """Whether both are one tensor, or slices of one that are cut in the same way."""
        one, other = self.source(one), self.source(other)
        if one == other:
            return True
        nodes = self.node(one), self.node(other)
        if nodes[0].op == nodes[1].op == "Const":
            return attribute(nodes[0], "value") == attribute(nodes[1], "value")
        inputs = [self._graph.inputs(node) for node in nodes]
        return (
            nodes[0].op == nodes[1].op == "StridedSlice"
            and all(attribute(nodes[0], name) == attribute(nodes[1], name) for name in _MASKS)
            and all(self.is_same(*pair) for pair in zip(*inputs))
        )

    def numbers(self, tensor: str) -> Optional[List[float]]:
        """The numbers of a constant, flat; None for anything else."""
        return self._graph.constant(self.source(tensor))

    def number(self, tensor: str) -> float:
        """A constant of one number."""
        numbers = self.numbers(tensor)
        if numbers is None or len(numbers) != 1:
            raise CutError(f"{split_name(self.source(tensor))[0]!r} is not a constant number")
        return numbers[0]

    def flag(self, tensor: str, name: str, missing: int = 0) -> int:
        """An attribute that is a number or yes or no, of the node that computes `tensor`."""
        node = self.node(tensor)
        value = attribute(node, name)
        return int(value.i or value.b) if name in node.attr else missing

    def whole_batch(self, tensor: str) -> str:
        """The tensor of which `tensor` is the part of one frame; itself if it is the same for all."""
        tensor = self.source(tensor)
        if self.is_operation(tensor, "TensorArrayReadV3"):
            flow = self.inputs(tensor, "TensorArrayReadV3")[2]
            return self.source(self.inputs(flow, "TensorArrayScatterV3")[2])
        alone = (
            self.is_operation(tensor, "Unpack")
            and (self.flag(tensor, "num"), self.flag(tensor, "axis")) == (1, 0)
        ) or (
            self.is_operation(tensor, "StridedSlice")
            and self.flag(tensor, "shrink_axis_mask") == 1
            and self.numbers(self.inputs(tensor, "StridedSlice")[1]) == [0]
        )
        return self.source(self._graph.inputs(self.node(tensor))[0]) if alone else tensor

    def of_frame(self, tensor: str) -> str:
        """What one frame adds to a result that has all frames of the batch."""
        tensor = self.source(tensor)
        if self.is_operation(tensor, "TensorArrayGatherV3"):
            array = self.source(self.inputs(tensor, "TensorArrayGatherV3")[0])
            for node in self._graph:
                if node.op == "TensorArrayWriteV3":
                    handle, _, value, _ = self._graph.inputs(node)
                    if self.source(handle) == array:
                        return self.source(value)
            raise CutError(f"nothing is written to {split_name(array)[0]!r}")
        if self.is_operation(tensor, "StridedSlice") and self.flag(tensor, "new_axis_mask") == 1:
            return self.source(self.inputs(tensor, "StridedSlice")[0])
        parts = self.inputs(tensor, "Pack")
        if len(parts) != 1 or self.flag(tensor, "axis") != 0:
            raise CutError(f"{split_name(tensor)[0]!r} does not put the frames of a batch together")
        return self.source(parts[0])

    def gathered(self, tensor: str) -> Tuple[str, str]:
        """What rows are taken from, and the indices of those rows."""
        inputs = self.inputs(tensor, "Gather", "GatherV2")
        if len(inputs) == 3 and self.number(inputs[2]) != 0:
            raise CutError(f"{split_name(self.source(tensor))[0]!r} does not take rows")
        return self.source(inputs[0]), self.source(inputs[1])

    def condition(self, indices: str) -> str:
        """The condition that rows must meet to be among `indices`."""
        while self.is_operation(indices, "Cast", "Reshape", "Squeeze"):
            indices = self.inputs(indices, "Cast", "Reshape", "Squeeze")[0]
        return self.source(self.inputs(indices, "Where")[0])

    def rows_limit(self, count: str) -> Optional[int]:
        """The most that a count of rows can be; None if it is that of all rows."""
        numbers = self.numbers(count)
        if numbers is not None:
            return int(numbers[0])
        if self.is_operation(count, "Size"):
            return None
        if self.is_operation(count, "StridedSlice"):
            self.expect(self.inputs(count, "StridedSlice")[0], "Shape", "Const")
            return None
        inputs = self.inputs(count, "Minimum")
        limits = [self.rows_limit(name) for name in inputs]
        return min((limit for limit in limits if limit is not None), default=None)

    def concatenated(self, tensor: str, axis: int) -> List[str]:
        """The tensors that are put together along `axis`."""
        parts = self.inputs(tensor, "ConcatV2")
        if self.number(parts[-1]) != axis:
            raise CutError(f"{split_name(self.source(tensor))[0]!r} is not along axis {axis}")
        return [self.source(name) for name in parts[:-1]]

    def columns(self, tensor: str) -> Columns:
        """Which columns of which other tensor `tensor` is."""
        tensor = self.source(tensor)
        node = self.expect(tensor, "Split", "Unpack", "StridedSlice")
        inputs = self._graph.inputs(node)
        output = split_name(tensor)[1]
        if node.op == "Split" and self.number(inputs[0]) == 1 and self.flag(tensor, "num_split") == 4:
            return Columns(self.source(inputs[1]), (output,))
        if node.op == "Unpack" and self.flag(tensor, "axis") == 0:
            return Columns(self.source(inputs[0]), (output,))
        if node.op == "StridedSlice":
            return Columns(self.source(inputs[0]), self._sliced(node))
        raise CutError(f"{node.name!r} does not take columns")

    def second_axis(self, tensor: str) -> Tuple[str, int]:
        """A tensor and a position on its second axis: `tensor` is all that lies there."""
        inputs = self.inputs(tensor, "StridedSlice")
        begin = self.numbers(inputs[1])
        masks = [self.flag(tensor, name + "_mask") for name in ("begin", "end", "shrink_axis")]
        others = [self.flag(tensor, name + "_mask") for name in ("ellipsis", "new_axis")]
        if begin is None or len(begin) != 2 or masks != [1, 1, 2] or any(others):
            raise CutError(f"{self.node(tensor).name!r} does not take a place on the second axis")
        return self.source(inputs[0]), int(begin[1])

    def _sliced(self, node: proto.NodeDef) -> Tuple[int, ...]:
        """Positions on the last axis of boxes or of a window, where all of the other axes is taken."""
        begin, end, step = (self.numbers(name) for name in self._graph.inputs(node)[1:])
        ellipsis = self.flag(node.name, "ellipsis_mask")
        if begin is None or end is None or step is None or len(begin) - bool(ellipsis) != 1:
            raise CutError(f"{node.name!r} does not take columns")
        bit = 1 << (len(begin) - 1)
        first = 0 if self.flag(node.name, "begin_mask") & bit else int(begin[-1])
        last = 4 if self.flag(node.name, "end_mask") & bit else int(end[-1])
        if ellipsis not in (0, 1) or step[-1] != 1 or self.flag(node.name, "new_axis_mask"):
            raise CutError(f"{node.name!r} does not take columns")
        return tuple(range(first, last))
