"""Frozen graph files."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Union

from google.protobuf.message import DecodeError

from splitdet.errors import ModelError, one_line
from splitdet.files import write_whole
from splitdet.graph import proto
from splitdet.graph.graph import Graph, attribute, split_name
from splitdet.graph.refuse import refuse_by_content, refuse_by_name
from splitdet.graph.tensors import to_array

_NODE = re.compile(r"[^^:][^:]*")
_TENSOR = re.compile(r"\^[^:]+|[^^:][^:]*(:[0-9]{1,9})?")
"""`scope/node:1`, `scope/node` or `^scope/node`; see `split_name`."""


def load_graph(path: Union[str, Path]) -> Graph:
    """Read a frozen graph.

    Raises:
        ModelError: no such file, not a frozen graph, cut off, or with variables in it.
    """
    path = Path(path)
    try:
        refusal = refuse_by_name(path)
        data = b"" if refusal else path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    if refusal:
        raise ModelError(f"{path}: this is {refusal}")
    try:
        with warnings.catch_warnings():  # protobuf 3.20 warns of what later versions refuse
            warnings.simplefilter("ignore")
            graph_def = proto.GraphDef.FromString(data)
    except (DecodeError, RuntimeError):
        graph_def = None
    # a file cut off between two nodes parses, and so does nearly any short text
    if graph_def is None or not _is_plausible(graph_def):
        refusal = refuse_by_content(data)
        if refusal:
            raise ModelError(f"{path}: this is {refusal}")
        raise ModelError(
            f"{path}: not a frozen graph, or cut off ({len(data):,} bytes); fetch or copy it again"
        )
    graph = Graph(graph_def)
    check_complete(graph, path)
    return graph


def save_graph(graph_def: proto.GraphDef, path: Union[str, Path]) -> None:
    """Write a frozen graph; the file appears whole or not at all."""
    write_whole(Path(path), graph_def.SerializeToString())


def _is_plausible(graph_def: proto.GraphDef) -> bool:
    return len(graph_def.node) > 0 and all(node.name and node.op for node in graph_def.node)


def check_complete(graph: Graph, path: Path) -> None:
    """Refuse a graph with nodes that cannot be, that read what is not there, or with variables.

    Raises:
        ModelError: the message names the node.
    """
    for node in graph:
        fault = _fault(graph, node)
        if fault:
            raise ModelError(_edited(path, fault))
        if node.op in ("Variable", "VariableV2", "VarHandleOp"):
            raise ModelError(
                f"{path}: {node.name!r} is a variable, so this graph is not frozen; freeze it with its "
                "checkpoint first"
            )
    name = graph.circular()
    if name is not None:
        raise ModelError(_edited(path, f"node {name!r} needs its own result"))


def _fault(graph: Graph, node: proto.NodeDef) -> str:
    """What is wrong with a node, seen by itself; empty where nothing is."""
    if not _NODE.fullmatch(node.name):
        return f"{node.name!r} cannot be the name of a node"
    for name in node.input:
        if not _TENSOR.fullmatch(name):
            return f"node {node.name!r} reads {name!r}, which cannot be the name of a tensor"
        if name not in graph:
            return f"node {node.name!r} reads {split_name(name)[0]!r}, which is not there"
    if node.op == "Identity" and not graph.inputs(node):
        return f"node {node.name!r} is Identity, but reads nothing"
    if node.op == "Const":
        try:
            to_array(attribute(node, "value").tensor)
        except (ValueError, OverflowError, MemoryError) as error:
            return f"constant {node.name!r} cannot be read ({one_line(error)})"
    return ""


def _edited(path: Path, fault: str) -> str:
    return f"{path}: {fault}: the file is cut off or was edited; fetch or copy it again"
