"""Pieces of a graph compute what the whole computes, in TensorFlow."""

from __future__ import annotations

from typing import Any, Callable, List, Sequence

import numpy as np
import pytest

from splitdet.compat import tensorflow
from splitdet.errors import CutError
from splitdet.graph import proto
from splitdet.graph.cut import GraphPart, Port, extract
from splitdet.graph.graph import Graph
from splitdet.graph.shapes import StaticShapes
from splitdet.graph.tensors import FLOAT32, INT32

VALUE = np.array([[1.0, -2.0], [3.0, 4.0]], np.float32)


def _graph(build: Callable[[Any], Any]) -> Graph:
    v1 = tensorflow()
    with v1.Graph().as_default() as graph:
        build(v1)
    return Graph(proto.GraphDef.FromString(graph.as_graph_def().SerializeToString()))


def _chain(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    doubled = tf.multiply(x, tf.constant(2.0, name="two"), name="doubled")
    high, low = tf.split(doubled, 2, axis=1, name="halves")
    tf.add(high, low, name="sum")
    tf.add(tf.add(doubled, tf.constant(1.0, name="one")), low, name="y")
    tf.placeholder(tf.float32, [], name="unused")


def _port(tensor: str, *shape: Any) -> Port:
    return Port(tensor, "any", FLOAT32, shape or None)


def _run(part: GraphPart, values: Sequence[np.ndarray]) -> List[np.ndarray]:
    tf = tensorflow()
    graph_def = tf.GraphDef.FromString(part.graph_def.SerializeToString())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    with tf.Session(graph=graph) as session:
        return list(session.run(list(part.outputs), dict(zip(part.inputs, values))))


def test_the_whole_gives_what_the_operations_say() -> None:
    part = extract(_graph(_chain), "whole", [_port("x:0", None, 2)], [_port("y:0")])
    np.testing.assert_array_equal(_run(part, [VALUE])[0], 2 * VALUE + 1 + 2 * VALUE[:, 1:])


@pytest.mark.parametrize(
    "seam",
    [["doubled:0"], ["doubled:0", "halves:1"], ["doubled", "halves:1", "one"], ["y:0"]],
)
def test_two_pieces_one_after_the_other_give_what_the_whole_gives(seam: List[str]) -> None:
    graph = _graph(_chain)
    image, result, ports = _port("x:0", None, 2), _port("y:0"), [_port(name) for name in seam]
    whole = _run(extract(graph, "whole", [image], [result]), [VALUE])
    first = _run(extract(graph, "first", [image], ports), [VALUE])
    second = _run(extract(graph, "second", ports, [result]), first)
    np.testing.assert_array_equal(second[0], whole[0])


def test_both_outputs_of_a_node_can_be_fed() -> None:
    part = extract(_graph(_chain), "tail", [_port("halves:0"), _port("halves:1")], [_port("sum:0")])
    ones = np.ones((2, 1), np.float32)
    np.testing.assert_array_equal(_run(part, [ones, 3 * ones])[0], 4 * ones)


def test_a_piece_holds_only_what_it_needs() -> None:
    part = extract(_graph(_chain), "head", [_port("x:0", None, 2)], [_port("doubled:0")])
    assert [node.name for node in part.graph_def.node] == ["x", "two", "doubled"]


def test_an_input_takes_the_type_and_the_shape_of_its_port() -> None:
    part = extract(_graph(_chain), "tail", [_port("doubled:0", None, 2)], [_port("sum:0")])
    tf = tensorflow()
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.GraphDef.FromString(part.graph_def.SerializeToString()), name="")
    tensor = graph.get_tensor_by_name(part.inputs[0])
    assert (tensor.dtype, tensor.shape.as_list()) == (tf.float32, [None, 2])


def test_nodes_keep_the_order_of_the_file() -> None:
    graph = _graph(_chain)
    part = extract(graph, "tail", [_port("doubled:0")], [_port("y:0"), _port("sum:0")])
    behind = [node.name for node in part.graph_def.node if node.op != "Placeholder"]
    assert behind == [name for name in graph.nodes if name in behind]


def test_the_graph_itself_is_not_changed_by_a_cut() -> None:
    graph = _graph(_chain)
    before = [(node.name, list(node.input)) for node in graph]
    extract(graph, "tail", [_port("halves:1")], [_port("halves:1")])
    extract(graph, "tail", [_port("doubled:0")], [_port("y:0")])
    assert [(node.name, list(node.input)) for node in graph] == before


def test_the_version_of_the_graph_goes_with_every_piece() -> None:
    graph = _graph(_chain)
    part = extract(graph, "head", [_port("x:0")], [_port("y:0")])
    assert part.graph_def.versions.producer == graph.graph_def.versions.producer > 0


def test_colocation_with_a_node_that_stays_behind_is_forgotten() -> None:
    def build(tf: Any) -> None:
        x = tf.placeholder(tf.float32, [2, 2], name="x")
        first = tf.identity(x, name="first")
        with tf.get_default_graph().colocate_with(first.op):
            tf.negative(first, name="y")

    part = extract(_graph(build), "tail", [_port("first:0")], [_port("y:0")])
    np.testing.assert_array_equal(_run(part, [VALUE])[0], -VALUE)


def test_a_placeholder_that_is_not_fed_is_refused() -> None:
    def build(tf: Any) -> None:
        phase = tf.placeholder(tf.float32, [], name="phase")
        tf.add(tf.placeholder(tf.float32, [2], name="x"), phase, name="y")

    with pytest.raises(CutError, match="the part behind x:0 also needs 'phase'"):
        extract(_graph(build), "whole", [_port("x:0")], [_port("y:0")])


def test_a_control_input_from_what_is_fed_does_no_harm() -> None:
    def build(tf: Any) -> None:
        x = tf.placeholder(tf.float32, [2, 2], name="x")
        with tf.control_dependencies([x]):
            tf.add(x, tf.constant(1.0), name="y")

    part = extract(_graph(build), "whole", [_port("x:0")], [_port("y:0")])
    np.testing.assert_array_equal(_run(part, [VALUE])[0], VALUE + 1)


def test_a_pooling_can_be_imported_after_its_shape_was_asked_for() -> None:
    def build(tf: Any) -> None:
        tf.nn.max_pool2d(tf.placeholder(tf.float32, [1, 4, 4, 1], name="x"), 2, 2, "SAME", name="y")

    graph = _graph(build)
    StaticShapes(graph, {}).of("y:0")
    part = extract(graph, "whole", [_port("x:0", 1, 4, 4, 1)], [_port("y:0")])
    assert _run(part, [np.zeros((1, 4, 4, 1), np.float32)])[0].shape == (1, 2, 2, 1)


@pytest.mark.parametrize(
    ("port", "text"),
    [
        (Port("a/b:1", "scores", FLOAT32, (None, 1917, 90)), "a/b:1 float32 [?x1917x90]"),
        (Port("a", "window", INT32, None), "a int32 [unknown]"),
        (Port("a", "any", 99, (4,)), "a 99 [4]"),
    ],
)
def test_a_port_reads_as_name_type_and_shape(port: Port, text: str) -> None:
    assert str(port) == text
