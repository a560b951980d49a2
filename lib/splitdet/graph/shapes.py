"""Shapes of tensors, read off the graph without running it.

Sizes that a graph computes for itself (`Shape`, `StridedSlice`, `Pack`, ..) are followed as far
as they do not depend on the data, so the anchor count of a detector is known before it runs.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Tuple

from splitdet.graph import proto
from splitdet.graph.cut import Shape
from splitdet.graph.facts import NOTHING, Fact
from splitdet.graph.graph import Graph, full_name
from splitdet.graph.shape_rules import RULES

_NOT_KNOWN = (TypeError, ValueError, IndexError, ArithmeticError, MemoryError)
"""What rules raise where something that they need is not known, or cannot be."""


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
        rule = RULES.get(node.op)
        if rule is None:
            return
        try:
            outcome = rule(node, facts)
        except _NOT_KNOWN:
            return
        outputs = outcome if isinstance(outcome, list) else [outcome]
        for index, fact in enumerate(outputs):
            self._facts.setdefault(f"{node.name}:{index}", fact)
