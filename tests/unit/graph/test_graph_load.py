"""Frozen graph files, whole and broken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest

from splitdet.compat import tensorflow
from splitdet.errors import CutError, ModelError
from splitdet.graph import proto
from splitdet.graph.load import load_graph, save_graph
from splitdet.models import identify
from ssd_graphs import write_ssd


def _graph_def(with_variable: bool = False) -> Any:
    """TensorFlow's message of a small graph; one constant makes up most of it."""
    v1 = tensorflow()
    with v1.Graph().as_default() as graph:
        x = v1.placeholder(v1.float32, [None, 1000], name="x")
        weights = np.random.RandomState(0).uniform(size=1000).astype(np.float32)
        y = v1.multiply(x, v1.constant(weights, name="weights"), name="y")
        if with_variable:
            v1.disable_resource_variables()
            v1.add(y, v1.get_variable("bias", shape=[1000]), name="z")
    return graph.as_graph_def()


def _file(folder: Path, data: bytes, name: str = "graph.pb") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def test_every_node_of_tensorflow_is_read(tmp_path: Path) -> None:
    message = _graph_def()
    graph = load_graph(_file(tmp_path, message.SerializeToString()))
    assert [(node.name, node.op, list(node.input)) for node in graph] == [
        (node.name, node.op, list(node.input)) for node in message.node
    ]


def test_a_graph_that_was_read_is_written_without_loss(tmp_path: Path) -> None:
    message = _graph_def()
    graph = load_graph(_file(tmp_path, message.SerializeToString()))
    save_graph(graph.graph_def, tmp_path / "new" / "copy.pb")
    assert type(message).FromString((tmp_path / "new" / "copy.pb").read_bytes()) == message


def test_a_graph_is_written_without_leftovers(tmp_path: Path) -> None:
    save_graph(proto.GraphDef.FromString(_graph_def().SerializeToString()), tmp_path / "graph.pb")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.pb"]


@pytest.mark.parametrize("tenth", range(10))
def test_a_graph_that_is_cut_off_is_refused(tmp_path: Path, tenth: int) -> None:
    data = _graph_def().SerializeToString()
    with pytest.raises(ModelError, match=r"not a frozen graph, or cut off.*fetch or copy it again"):
        load_graph(_file(tmp_path, data[: len(data) * tenth // 10]))


def test_a_graph_that_is_cut_off_between_two_nodes_is_no_detector(tmp_path: Path) -> None:
    message = _graph_def()
    message.node[0].attr["dtype"].type = 4  # uint8, as images are
    first = type(message)(node=message.node[:1]).SerializeToString()
    with pytest.raises(CutError, match="is the file cut off"):
        identify(load_graph(_file(tmp_path, first)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"hello\n",
        bytes(100),
        b"\xff" * 100,
    ],
)
@pytest.mark.filterwarnings("ignore:Unexpected end-group tag:RuntimeWarning")  # protobuf 3.20 says so
def test_what_is_not_a_graph_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelError, match=rf"graph\.pb: not a frozen graph.*\({len(data)} bytes\)"):
        load_graph(_file(tmp_path, data))


def test_a_graph_without_nodes_is_refused(tmp_path: Path) -> None:
    message = type(_graph_def())()
    message.versions.producer = 24
    with pytest.raises(ModelError, match="not a frozen graph"):
        load_graph(_file(tmp_path, message.SerializeToString()))


@pytest.mark.parametrize("op", ["VariableV2", "VarHandleOp"])
def test_a_graph_with_a_variable_is_refused(tmp_path: Path, op: str) -> None:
    message = _graph_def()
    message.node.add(name="bias", op=op)
    with pytest.raises(ModelError, match="'bias' is a variable, so this graph is not frozen"):
        load_graph(_file(tmp_path, message.SerializeToString()))


def test_a_graph_with_a_variable_of_the_first_kind_is_refused(tmp_path: Path) -> None:
    message = _graph_def()
    message.node.add(name="bias", op="Variable")
    with pytest.raises(ModelError, match="is a variable"):
        load_graph(_file(tmp_path, message.SerializeToString()))


def test_a_graph_as_it_is_trained_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is a variable.*freeze it with its checkpoint"):
        load_graph(_file(tmp_path, _graph_def(with_variable=True).SerializeToString()))


@pytest.mark.parametrize("inputs", [["gone"], ["gone:1"], ["^gone"], ["x", "gone"]])
def test_a_node_that_reads_what_is_not_there_is_refused(tmp_path: Path, inputs: List[str]) -> None:
    message = _graph_def()
    message.node.add(name="last", op="NoOp", input=inputs)
    with pytest.raises(ModelError, match="node 'last' reads 'gone', which is not there"):
        load_graph(_file(tmp_path, message.SerializeToString()))


@pytest.mark.parametrize("name", ["x:c", "x:", "x:-1", "x:0:0", ":0", "^", "^x:0", "x:" + "1" * 5000])
def test_an_input_that_names_no_tensor_is_refused(tmp_path: Path, name: str) -> None:
    message = _graph_def()
    message.node.add(name="last", op="NoOp", input=[name])
    with pytest.raises(ModelError, match=r"graph\.pb: node 'last' reads '.*cannot be the name of"):
        load_graph(_file(tmp_path, message.SerializeToString()))


@pytest.mark.parametrize("name", ["x:c", "x:0", "^x"])
def test_a_name_that_no_node_can_have_is_refused(tmp_path: Path, name: str) -> None:
    message = _graph_def()
    message.node.add(name=name, op="NoOp")
    with pytest.raises(ModelError, match=re.escape(f"graph.pb: {name!r} cannot be the name of a node")):
        load_graph(_file(tmp_path, message.SerializeToString()))


@pytest.mark.parametrize(
    ("sizes", "content_bytes", "reason"),
    [
        ([2, 3], 20, "it has 20 bytes, where its shape takes 24"),
        ([2, 3], 28, "it has 28 bytes, where its shape takes 24"),
        ([2], 7, "it has 7 bytes, where its shape takes 8"),
        ([], 8, "it has 8 bytes, where its shape takes 4"),
        ([2, -1], 8, "its shape is 2x-1"),
        ([-1], 0, "its shape is -1"),
        ([2**40], 0, "its shape is 1099511627776"),
        ([2**32, 2**32], 0, "its shape is 4294967296x4294967296"),
    ],
)
def test_a_constant_that_does_not_fill_its_shape_is_refused(
    tmp_path: Path, sizes: List[int], content_bytes: int, reason: str
) -> None:
    message = _graph_def()
    tensor = message.node.add(name="sizes", op="Const").attr["value"].tensor
    tensor.dtype = 3
    tensor.tensor_content = bytes(content_bytes)
    for size in sizes:
        tensor.tensor_shape.dim.add(size=size)
    with pytest.raises(ModelError, match=re.escape(f"constant 'sizes' cannot be read ({reason})")):
        load_graph(_file(tmp_path, message.SerializeToString()))


@pytest.mark.parametrize("inputs", [["a", "x"], ["x", "a:0"], ["x", "^a"], ["b"]])
def test_a_node_that_needs_its_own_result_is_refused(tmp_path: Path, inputs: List[str]) -> None:
    message = _graph_def()
    message.node.add(name="a", op="Identity", input=inputs)
    message.node.add(name="b", op="Identity", input=["a"])
    message.node.add(name="c", op="Identity", input=["b"])  # reads them, and is not one of them
    with pytest.raises(ModelError, match=r"graph\.pb: node '[ab]' needs its own result: "):
        load_graph(_file(tmp_path, message.SerializeToString()))


def test_an_identity_that_reads_nothing_is_refused(tmp_path: Path) -> None:
    message = _graph_def()
    message.node.add(name="last", op="Identity", input=["^x"])
    with pytest.raises(ModelError, match="node 'last' is Identity, but reads nothing"):
        load_graph(_file(tmp_path, message.SerializeToString()))


def test_a_loop_is_read(tmp_path: Path) -> None:
    graph = load_graph(write_ssd(tmp_path / "graph.pb", "nms_v1"))
    (back, *_) = (node for node in graph if node.op == "NextIteration")
    assert back.name in graph.ancestors(graph.inputs(back))


@pytest.mark.parametrize(
    ("name", "fragment"),
    [("none.pb", "No such file or directory"), ("none.tflite", "No such file")],
)
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, name: str, fragment: str) -> None:
    with pytest.raises(ModelError, match=fragment):
        load_graph(tmp_path / name)
