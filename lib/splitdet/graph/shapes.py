"""Shapes of tensors, read off the graph without running it.

Sizes that a graph computes for itself (`Shape`, `StridedSlice`, `Pack`, ..) are followed as far
as they do not depend on the data, so the anchor count of a detector is known before it runs.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from splitdet.graph import proto
from splitdet.graph.cut import Shape
from splitdet.graph.graph import Graph, attribute, full_name
from splitdet.graph.tensors import DTYPES, from_shape, to_array


class Fact(NamedTuple):
    """What is known of a tensor."""

    shape: Shape = None
    value: Optional[np.ndarray] = None
    """Array of objects, for small tensors. Inside, None is a size that a shape does not tell, most
    often the batch, and ANY is a number of which nothing is known."""


NOTHING = Fact()
ANY = ...
_SMALL = 64  # longer arrays are weights, not sizes


class StaticShapes:
    """Shapes of the tensors of `graph`, given those that `known` names.

    Args:
        known: full tensor name to shape, for tensors the graph itself says nothing of, such as
            what a while loop gives.
    """

    def __init__(self, graph: Graph, known: Mapping[str, Shape]) -> None:
        self._graph = graph
        self._facts: Dict[str, Fact] = {name: Fact(shape) for name, shape in known.items()}

    def of(self, tensor: str) -> Shape:
        """The shape of a tensor, as far as it is known."""
        tensor = full_name(tensor)
        self._visit(tensor)
        return self._facts.get(tensor, NOTHING).shape

    def _visit(self, tensor: str) -> None:
        """Fill in `_facts` for `tensor` and all it needs; loops stay unknown."""
        waiting: List[Tuple[str, bool]] = [(tensor, False)]
        begun = set()
        while waiting:
            current, ready = waiting.pop()
            if current in self._facts or current not in self._graph:
                continue
            node = self._graph.node(current)
            if ready:
                self._infer(node)
                self._facts.setdefault(current, NOTHING)
            elif current not in begun:
                begun.add(current)
                waiting.append((current, True))
                waiting.extend((name, False) for name in self._graph.inputs(node))

    def _infer(self, node: proto.NodeDef) -> None:
        facts = [self._facts.get(name, NOTHING) for name in self._graph.inputs(node)]
        rule = _RULES.get(node.op)
        if rule is None:
            return
        try:
            outcome = rule(node, facts)
        except (TypeError, ValueError, IndexError):  # something that the rule needs is not known
            return
        outputs = outcome if isinstance(outcome, list) else [outcome]
        for index, fact in enumerate(outputs):
            self._facts.setdefault(f"{node.name}:{index}", fact)


def _objects(array: Any) -> np.ndarray:
    """An array of Python numbers and None."""
    return np.asarray(array, dtype=object)


def _known_shape(fact: Fact) -> Tuple[Optional[int], ...]:
    if fact.shape is None:
        raise ValueError("unknown rank")
    return fact.shape


def _known_value(fact: Fact) -> np.ndarray:
    if fact.value is None:
        raise ValueError("unknown value")
    return fact.value


def _ints(fact: Fact) -> List[int]:
    """The numbers of a value; TypeError where one is not known."""
    return [int(number) for number in _known_value(fact).ravel()]


def _const(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    tensor = attribute(node, "value").tensor
    shape = tuple(int(dim.size) for dim in tensor.tensor_shape.dim)
    array = to_array(tensor) if np.prod(shape, dtype=np.int64) <= _SMALL else None
    return Fact(shape, None if array is None else _objects(array.tolist()).reshape(shape))


def _placeholder(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    return Fact(from_shape(attribute(node, "shape").shape))


def _same(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    return facts[0]


def _same_shape(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    return Fact(facts[0].shape)


def _broadcast_dim(one: Optional[int], other: Optional[int]) -> Optional[int]:
    if one == 1 or one == other:
        return other
    if other == 1 or other is None:
        return one
    return other if one is None else max(one, other)


def _combined(combine: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    if one in (None, ANY) or other in (None, ANY):
        return ANY
    try:
        return combine(one, other)
    except ZeroDivisionError:
        return ANY


def _elementwise(combine: Callable[[Any, Any], Any]) -> Callable[..., Fact]:
    def rule(node: proto.NodeDef, facts: List[Fact]) -> Fact:
        one, other = _known_shape(facts[0]), _known_shape(facts[1])
        rank = max(len(one), len(other))
        pairs = zip((1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other)
        shape = tuple(_broadcast_dim(a, b) for a, b in pairs)
        values = facts[0].value, facts[1].value
        if values[0] is None or values[1] is None:
            return Fact(shape)
        both = np.broadcast(values[0], values[1])
        numbers = [_combined(combine, a, b) for a, b in both]
        return Fact(shape, _objects(numbers).reshape(both.shape))

    return rule


def _window(size: Optional[int], kernel: int, stride: int, padding: bytes) -> Optional[int]:
    """Output size of a convolution or pooling along one axis; `kernel` with its dilation."""
    if size is None:
        return None
    if padding == b"SAME":
        return math.ceil(size / stride)
    return math.ceil((size - kernel + 1) / stride)


def _grown(size: Optional[int], amount: int) -> Optional[int]:
    return None if size is None else size + amount


def _spatial(
    node: proto.NodeDef, shape: Tuple[Optional[int], ...], kernel: List[int], channels: Optional[int]
) -> Fact:
    if attribute(node, "data_format").s == b"NCHW":
        raise ValueError("channels first")
    strides = list(attribute(node, "strides").list.i)
    dilations = list(attribute(node, "dilations").list.i) or [1, 1, 1, 1]
    padding = attribute(node, "padding").s
    extra = list(attribute(node, "explicit_paddings").list.i) or [0] * 8
    height, width = (
        _window(
            _grown(shape[axis], sum(extra[2 * axis : 2 * axis + 2])),
            (kernel[axis - 1] - 1) * dilations[axis] + 1,
            strides[axis],
            padding,
        )
        for axis in (1, 2)
    )
    return Fact((shape[0], height, width, channels))


def _conv(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    weights = [int(size) for size in _known_shape(facts[1]) if size is not None]
    channels = weights[3] if node.op == "Conv2D" else weights[2] * weights[3]
    return _spatial(node, _known_shape(facts[0]), weights[:2], channels)


def _pool(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    shape = _known_shape(facts[0])
    return _spatial(node, shape, list(attribute(node, "ksize").list.i)[1:3], shape[3])


def _resize(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    shape = _known_shape(facts[0])
    height, width = _ints(facts[1])
    return Fact((shape[0], height, width, shape[3]))


def _pad(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    amounts = np.array(_ints(facts[1])).reshape(-1, 2).sum(axis=1)
    shape = _known_shape(facts[0])
    return Fact(tuple(_grown(size, int(amount)) for size, amount in zip(shape, amounts)))


def _shape(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    shape = _known_shape(facts[0])
    return Fact((len(shape),), _objects(list(shape)))


def _pack(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    axis = int(attribute(node, "axis").i)
    known = [fact.shape for fact in facts if fact.shape is not None]
    shape: List[Optional[int]] = list(known[0])
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, len(facts))
    if len(shape) > 1:
        return Fact(tuple(shape))
    # a scalar that is not known is still a scalar
    return Fact(tuple(shape), _objects([ANY if f.value is None else f.value.item() for f in facts]))


def _unpack(node: proto.NodeDef, facts: List[Fact]) -> List[Fact]:
    shape = list(_known_shape(facts[0]))
    axis = int(attribute(node, "axis").i)
    del shape[axis]
    value = facts[0].value
    count = int(attribute(node, "num").i)
    if value is not None and value.ndim == 1:
        return [Fact((), _objects(value[index])) for index in range(count)]
    return [Fact(tuple(shape))] * count


def _slice_index(node: proto.NodeDef, facts: List[Fact]) -> Tuple[Any, ...]:
    begin, end, step = (_ints(fact) for fact in facts[1:4])
    for name in ("ellipsis_mask", "new_axis_mask"):
        if attribute(node, name).i:
            raise ValueError(name)
    masks = {
        name: int(attribute(node, name).i) for name in ("begin_mask", "end_mask", "shrink_axis_mask")
    }
    index: List[Any] = []
    for axis, (low, high, stride) in enumerate(zip(begin, end, step)):
        bit = 1 << axis
        if masks["shrink_axis_mask"] & bit:
            index.append(low)
        else:
            index.append(
                slice(
                    None if masks["begin_mask"] & bit else low,
                    None if masks["end_mask"] & bit else high,
                    stride,
                )
            )
    return tuple(index)


def _strided_slice(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    index = _slice_index(node, facts)
    if facts[0].value is not None:
        value = _objects(facts[0].value[index])
        return Fact(value.shape, value)
    shape: List[Optional[int]] = []
    old = _known_shape(facts[0])
    for axis, size in enumerate(old):
        part = index[axis] if axis < len(index) else slice(None)
        if isinstance(part, slice):
            whole = part == slice(None, None, 1) or part == slice(None)
            shape.append(size if whole or size is None else len(range(*part.indices(size))))
    return Fact(tuple(shape))


def _slice(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    begin, size = _ints(facts[1]), _ints(facts[2])
    shape = _known_shape(facts[0])
    return Fact(
        tuple(
            amount if amount >= 0 else (None if old is None else old - low)
            for low, amount, old in zip(begin, size, shape)
        )
    )


def _concat(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    axis = _ints(facts[-1])[0]
    parts = [_known_shape(fact) for fact in facts[:-1]]
    shape = list(parts[0])
    sizes = [part[axis] for part in parts]
    shape[axis] = None if None in sizes else sum(size for size in sizes if size is not None)
    if len(shape) == 1 and all(fact.value is not None for fact in facts[:-1]):
        return Fact(tuple(shape), np.concatenate([_known_value(fact) for fact in facts[:-1]]))
    return Fact(tuple(shape))


def _reshape(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    target = list(_known_value(facts[1]).ravel())
    old = facts[0].shape
    if ANY in target:
        return Fact(tuple(None if size in (ANY, -1) else size for size in target))
    if -1 in target:
        others = [size for size in target if size != -1]
        if old is None or None in others or None in old:
            # the same unknown size (the batch) on both sides leaves the rest computable
            if old is not None and old.count(None) == 1 and others.count(None) == 1:
                rest = [size for size in others if size is not None]
                total = int(np.prod([size for size in old if size is not None], dtype=np.int64))
                target[target.index(-1)] = total // int(np.prod(rest, dtype=np.int64))
            else:
                target[target.index(-1)] = None
        else:
            total = int(np.prod([size for size in old if size is not None], dtype=np.int64))
            target[target.index(-1)] = total // int(np.prod(others, dtype=np.int64))
    value = facts[0].value
    if value is None or None in target:
        return Fact(tuple(target))
    return Fact(tuple(target), value.reshape(target))


def _expand_dims(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    shape = list(_known_shape(facts[0]))
    axis = _ints(facts[1])[0]
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, 1)
    value = facts[0].value
    return Fact(tuple(shape), None if value is None else np.expand_dims(value, axis))


def _squeeze(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    shape = _known_shape(facts[0])
    axes = [int(axis) % len(shape) for axis in attribute(node, "squeeze_dims").list.i]
    if not axes:
        if None in shape:
            raise ValueError("which axes go is not known")
        axes = [axis for axis, size in enumerate(shape) if size == 1]
    return Fact(tuple(size for axis, size in enumerate(shape) if axis not in axes))


def _transpose(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    shape = _known_shape(facts[0])
    if facts[1].value is None:  # without a constant order, a matrix is still turned over
        if len(shape) != 2:
            raise ValueError("order is not known")
        return Fact((shape[1], shape[0]))
    return Fact(tuple(shape[axis] for axis in _ints(facts[1])))


def _tile(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    times = list(_known_value(facts[1]).ravel())
    shape = _known_shape(facts[0])
    return Fact(tuple(None if s is None or t is None else s * t for s, t in zip(shape, times)))


def _cast(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    value = facts[0].value
    kind = DTYPES.get(attribute(node, "DstT").type, np.float32)
    if value is not None and np.issubdtype(kind, np.integer):
        whole = [number if number in (None, ANY) else int(number) for number in value.ravel()]
        value = _objects(whole).reshape(value.shape)
    return Fact(facts[0].shape, value)


def _gathered(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    """What a loop has collected: as many as it ran, each of the shape that the node promises."""
    element = attribute(node, "element_shape").shape
    if element.unknown_rank or (not element.dim and "element_shape" not in node.attr):
        return NOTHING
    return Fact((None, *(None if dim.size < 0 else int(dim.size) for dim in element.dim)))


_UNARY = (
    "Relu Relu6 Sigmoid Softmax Exp Sqrt Rsqrt Neg BiasAdd FusedBatchNorm FusedBatchNormV2 "
    "FusedBatchNormV3 FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel AddN"
)

_RULES: Dict[str, Callable[[proto.NodeDef, List[Fact]], Any]] = {
    "Const": _const,
    "Placeholder": _placeholder,
    "Identity": _same,
    "Cast": _cast,
    "Add": _elementwise(lambda a, b: a + b),
    "AddV2": _elementwise(lambda a, b: a + b),
    "Sub": _elementwise(lambda a, b: a - b),
    "Mul": _elementwise(lambda a, b: a * b),
    "RealDiv": _elementwise(lambda a, b: a / b),
    "Maximum": _elementwise(max),
    "Minimum": _elementwise(min),
    "Conv2D": _conv,
    "DepthwiseConv2dNative": _conv,
    "MaxPool": _pool,
    "AvgPool": _pool,
    "ResizeBilinear": _resize,
    "ResizeNearestNeighbor": _resize,
    "Pad": _pad,
    "PadV2": _pad,
    "Shape": _shape,
    "Pack": _pack,
    "Unpack": _unpack,
    "StridedSlice": _strided_slice,
    "Slice": _slice,
    "ConcatV2": _concat,
    "Reshape": _reshape,
    "ExpandDims": _expand_dims,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Tile": _tile,
    "TensorArrayGatherV3": _gathered,
}
_RULES.update(dict.fromkeys(_UNARY.split(), _same_shape))
