"""Shapes of what convolutions, poolings, resizes and paddings give."""

from __future__ import annotations

import math
from typing import List, Optional, Tuple

import numpy as np

from splitdet.graph import proto
from splitdet.graph.facts import Fact, ints, known_shape
from splitdet.graph.graph import attribute


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


def conv(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    """A convolution, depthwise ones too."""
    weights = [int(size) for size in known_shape(facts[1]) if size is not None]
    channels = weights[3] if node.op == "Conv2D" else weights[2] * weights[3]
    return _spatial(node, known_shape(facts[0]), weights[:2], channels)


def pool(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    """A pooling."""
    shape = known_shape(facts[0])
    return _spatial(node, shape, list(attribute(node, "ksize").list.i)[1:3], shape[3])


def resize(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    """A picture at another size."""
    shape = known_shape(facts[0])
    height, width = ints(facts[1])
    return Fact((shape[0], height, width, shape[3]))


def pad(node: proto.NodeDef, facts: List[Fact]) -> Fact:
    """What a padding has added on each side."""
    amounts = np.array(ints(facts[1])).reshape(-1, 2).sum(axis=1)
    shape = known_shape(facts[0])
    return Fact(tuple(_grown(size, int(amount)) for size, amount in zip(shape, amounts)))
