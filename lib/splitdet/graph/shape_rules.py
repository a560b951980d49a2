"""What each operation makes of the shapes, and of the sizes, that enter it."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from splitdet.graph import proto
from splitdet.graph.facts import ANY, NOTHING, Fact, ints, known_shape, known_value, objects
from splitdet.graph.graph import attribute
from splitdet.graph.layer_rules import conv, pad, pool, resize
from splitdet.graph.tensors import DTYPES, from_shape, to_array

_SMALL = 64  # longer arrays are weights, not sizes


def _const(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    tensor = attribute(node, "value").tensor
    shape = tuple(int(dim.size) for dim in tensor.tensor_shape.dim)
    array = to_array(tensor) if np.prod(shape, dtype=np.int64) <= _SMALL else None
    return Fact(shape, None if array is None else objects(array.tolist()).reshape(shape))


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
        one, other = known_shape(facts[0]), known_shape(facts[1])
        rank = max(len(one), len(other))
        pairs = zip((1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other)
        shape = tuple(_broadcast_dim(a, b) for a, b in pairs)
        values = facts[0].value, facts[1].value
        if values[0] is None or values[1] is None:
            return Fact(shape)
        both = np.broadcast(values[0], values[1])
        numbers = [_combined(combine, a, b) for a, b in both]
        return Fact(shape, objects(numbers).reshape(both.shape))

    return rule


def _shape(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    shape = known_shape(facts[0])
    return Fact((len(shape),), objects(list(shape)))


def _pack(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    axis = int(attribute(node, "axis").i)
    known = [fact.shape for fact in facts if fact.shape is not None]
    shape: List[Optional[int]] = list(known[0])
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, len(facts))
    if len(shape) > 1:
        return Fact(tuple(shape))
    # a scalar that is not known is still a scalar
    return Fact(tuple(shape), objects([ANY if f.value is None else f.value.item() for f in facts]))


def _unpack(node: proto.NodeDef, facts: List[Fact]) -> List[Fact]:
    shape = list(known_shape(facts[0]))
    axis = int(attribute(node, "axis").i)
    del shape[axis]
    value = facts[0].value
    count = int(attribute(node, "num").i)
    if value is not None and value.ndim == 1:
        return [Fact((), objects(value[index])) for index in range(count)]
    return [Fact(tuple(shape))] * count


def _slice_index(node: proto.NodeDef, facts: List[Fact]) -> Tuple[Any, ...]:
    begin, end, step = (ints(fact) for fact in facts[1:4])
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
        value = objects(facts[0].value[index])
        return Fact(value.shape, value)
    shape: List[Optional[int]] = []
    old = known_shape(facts[0])
    for axis, size in enumerate(old):
        part = index[axis] if axis < len(index) else slice(None)
        if isinstance(part, slice):
            whole = part == slice(None, None, 1) or part == slice(None)
            shape.append(size if whole or size is None else len(range(*part.indices(size))))
    return Fact(tuple(shape))


def _slice(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    begin, size = ints(facts[1]), ints(facts[2])
    shape = known_shape(facts[0])
    return Fact(
        tuple(
            amount if amount >= 0 else (None if old is None else old - low)
            for low, amount, old in zip(begin, size, shape)
        )
    )


def _concat(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    axis = ints(facts[-1])[0]
    parts = [known_shape(fact) for fact in facts[:-1]]
    shape = list(parts[0])
    sizes = [part[axis] for part in parts]
    shape[axis] = None if None in sizes else sum(size for size in sizes if size is not None)
    if len(shape) == 1 and all(fact.value is not None for fact in facts[:-1]):
        return Fact(tuple(shape), np.concatenate([known_value(fact) for fact in facts[:-1]]))
    return Fact(tuple(shape))


def _reshape(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    target = list(known_value(facts[1]).ravel())
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
    shape = list(known_shape(facts[0]))
    axis = ints(facts[1])[0]
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, 1)
    value = facts[0].value
    return Fact(tuple(shape), None if value is None else np.expand_dims(value, axis))


def _squeeze(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    shape = known_shape(facts[0])
    axes = [int(axis) % len(shape) for axis in attribute(node, "squeeze_dims").list.i]
    if not axes:
        if None in shape:
            raise ValueError("which axes go is not known")
        axes = [axis for axis, size in enumerate(shape) if size == 1]
    return Fact(tuple(size for axis, size in enumerate(shape) if axis not in axes))


def _transpose(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    shape = known_shape(facts[0])
    if facts[1].value is None:  # without a constant order, a matrix is still turned over
        if len(shape) != 2:
            raise ValueError("order is not known")
        return Fact((shape[1], shape[0]))
    return Fact(tuple(shape[axis] for axis in ints(facts[1])))


def _tile(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    times = list(known_value(facts[1]).ravel())
    shape = known_shape(facts[0])
    return Fact(tuple(None if s is None or t is None else s * t for s, t in zip(shape, times)))


def _cast(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    value = facts[0].value
    kind = DTYPES.get(attribute(node, "DstT").type, np.float32)
    if value is not None and np.issubdtype(kind, np.integer):
        whole = [number if number in (None, ANY) else int(number) for number in value.ravel()]
        value = objects(whole).reshape(value.shape)
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

RULES: Dict[str, Callable[[proto.NodeDef, List[Fact]], Any]] = {
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
    "Conv2D": conv,
    "DepthwiseConv2dNative": conv,
    "MaxPool": pool,
    "AvgPool": pool,
    "ResizeBilinear": resize,
    "ResizeNearestNeighbor": resize,
    "Pad": pad,
    "PadV2": pad,
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
RULES.update(dict.fromkeys(_UNARY.split(), _same_shape))
"""By operation: from the node and the facts of its inputs to the fact of its output, or a list of them.
A rule raises TypeError, ValueError or IndexError where something that it needs is not known, and
ArithmeticError or MemoryError where it is what no shape can be."""
