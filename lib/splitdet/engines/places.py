"""Where the layers of a network lie: ahead of its convolutions, between them, or behind them.

The convolutions are most of the work, and bear being rounded. Ahead of the first ones pictures are
normalised, behind the last ones boxes are decoded: little work, and 1/127 or even 1/2048 of a
frame is seen in a box. So what lies outside keeps float32 whatever the precision.
"""

from __future__ import annotations

from typing import List, NamedTuple, Sequence, Set


class Layer(NamedTuple):
    """An operation of a network."""

    inputs: Sequence[str]
    """Names of the tensors that it reads."""
    outputs: Sequence[str]
    """Names of the tensors that it gives."""
    is_convolution: bool


class Place(NamedTuple):
    """Where a layer lies."""

    is_convolution: bool
    has_one_ahead: bool
    """Whether it reads what a convolution has given, directly or not."""
    has_one_behind: bool
    """Whether a convolution reads what it gives, directly or not."""

    @property
    def is_outside(self) -> bool:
        """Whether it is no convolution and does not lie between two."""
        return not self.is_convolution and not (self.has_one_ahead and self.has_one_behind)

    @property
    def is_first(self) -> bool:
        """Whether it is a convolution and there is none ahead of it."""
        return self.is_convolution and not self.has_one_ahead

    @property
    def is_last(self) -> bool:
        """Whether it is a convolution and there is none behind it."""
        return self.is_convolution and not self.has_one_behind


def places(layers: Sequence[Layer]) -> List[Place]:
    """The place of each layer.

    Args:
        layers: in an order in which they can be run.
    """
    given: Set[str] = set()
    ahead: List[bool] = []
    for layer in layers:
        ahead.append(bool(given.intersection(layer.inputs)))
        if layer.is_convolution or ahead[-1]:
            given.update(layer.outputs)
    read: Set[str] = set()
    behind: List[bool] = []
    for layer in reversed(layers):
        behind.append(bool(read.intersection(layer.outputs)))
        if layer.is_convolution or behind[-1]:
            read.update(layer.inputs)
    kinds = [layer.is_convolution for layer in layers]
    return [Place(*place) for place in zip(kinds, ahead, reversed(behind))]
