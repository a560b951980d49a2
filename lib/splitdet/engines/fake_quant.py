"""Simulated quantization written out in plain arithmetic.

Graphs trained for 8 bits round their tensors with one operation. Other engines have it only for
ranges around zero, or compute it a little differently; arithmetic means the same to all of them.
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import numpy as np

from splitdet.graph.graph import Graph, attribute
from splitdet.graph.proto import GraphDef
from splitdet.graph.tensors import FLOAT32, to_tensor

_OPERATION = "FakeQuantWithMinMaxVars"
_BITS = 8


def write_out_fake_quant(graph_def: Any) -> Any:
    """A copy of a GraphDef in which every rounding with constant limits is arithmetic."""
    graph = Graph(graph_def)
    written = GraphDef()
    written.versions.CopyFrom(graph_def.versions)
    for node in graph_def.node:
        limits = _limits(graph, node)
        if limits is None:
            written.node.add().CopyFrom(node)
        else:
            _write_out(written, node, *limits)
    return written


def _limits(graph: Graph, node: Any) -> Optional[Tuple[float, float]]:
    if node.op != _OPERATION:
        return None
    low, high = (graph.constant(name) for name in graph.inputs(node)[1:3])
    return (low[0], high[0]) if low and high else None


def _chain(node: Any, low: float, high: float) -> List[Tuple[str, Any]]:
    """min, max, to steps, round, back: operations, and what each of them takes besides the tensor."""
    if low == high == 0:  # without a step; TensorFlow makes it all zeros
        return [("Minimum", np.float32(0)), ("Maximum", np.float32(0))]
    bits = attribute(node, "num_bits").i or _BITS
    first = np.float32(attribute(node, "narrow_range").b)
    last = np.float32(2**bits - 1)
    step = (np.float32(high) - np.float32(low)) / (last - first)
    # zero must be one of the steps, so the limits move a little
    zero = np.float32(np.clip(np.floor(first - np.float32(low) / step + np.float32(0.5)), first, last))
    lowest, highest = (first - zero) * step, (last - zero) * step
    return [
        ("Minimum", highest),
        ("Maximum", lowest),
        ("Sub", lowest),
        ("Mul", np.float32(1) / step),
        ("Add", np.float32(0.5) - (zero - first)),
        ("Floor", None),
        ("Mul", step),
    ]


def _write_out(written: Any, node: Any, low: float, high: float) -> None:
    """A row of nodes, the last of which has the name of the one that they stand for."""
    chain = _chain(node, low, high)
    tensor = node.input[0]
    for position, (operation, value) in enumerate(chain):
        is_last = position == len(chain) - 1
        name = node.name if is_last else f"{node.name}/step_{position}"
        made = written.node.add(name=name, op=operation, input=[tensor])
        made.attr["T"].type = FLOAT32
        if value is not None:
            constant = written.node.add(name=f"{node.name}/step_{position}/value", op="Const")
            constant.attr["dtype"].type = FLOAT32
            constant.attr["value"].tensor.CopyFrom(to_tensor(np.array(value, np.float32)))
            made.input.append(constant.name)
        tensor = name
