"""Shapes read off a graph, against those that TensorFlow infers."""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

import numpy as np
import pytest

from splitdet.compat import tensorflow
from splitdet.graph import proto
from splitdet.graph.graph import Graph
from splitdet.graph.shapes import StaticShapes
from splitdet.graph.tensors import INT32, to_tensor

Build = Callable[[Any], Any]


def _graph(build: Build) -> Tuple[Graph, Any]:
    """Ours of what `build` makes, and TensorFlow's tensor."""
    v1 = tensorflow()
    with v1.Graph().as_default() as graph:
        tensor = build(v1)
    return Graph(proto.GraphDef.FromString(graph.as_graph_def().SerializeToString())), tensor


def _inferred(tensor: Any) -> Optional[Tuple[Optional[int], ...]]:
    return None if tensor.shape.rank is None else tuple(tensor.shape.as_list())


def _x(tf: Any, *shape: Optional[int]) -> Any:
    return tf.placeholder(tf.float32, shape)


def _conv(tf: Any, size: int, **more: Any) -> Any:
    options = {"strides": [1, 1, 1, 1], "padding": "SAME", **more}
    return tf.nn.conv2d(_x(tf, None, size, size + 4, 3), tf.ones([3, 3, 3, 8]), **options)


def _pool(tf: Any, kind: str, padding: str) -> Any:
    return getattr(tf.nn, kind)(_x(tf, 1, 17, 20, 3), 3, 2, padding)


CASES = {
    "placeholder": lambda tf: _x(tf, None, 5, 3),
    "constant": lambda tf: tf.constant([[1.0, 2.0, 3.0]]),
    "large constant": lambda tf: tf.zeros([9, 9, 9]),
    "identity": lambda tf: tf.identity(_x(tf, 2, None)),
    "convolution": lambda tf: _conv(tf, 17),
    "convolution, stride": lambda tf: _conv(tf, 17, strides=[1, 2, 2, 1]),
    "convolution, valid": lambda tf: _conv(tf, 17, padding="VALID"),
    "convolution, valid stride": lambda tf: _conv(tf, 16, padding="VALID", strides=[1, 2, 3, 1]),
    "convolution, dilated": lambda tf: _conv(tf, 17, padding="VALID", dilations=[1, 2, 3, 1]),
    "depthwise": lambda tf: tf.nn.depthwise_conv2d(
        _x(tf, None, 9, 8, 3), tf.ones([3, 3, 3, 2]), [1, 2, 2, 1], "SAME"
    ),
    "max pool": lambda tf: _pool(tf, "max_pool2d", "VALID"),
    "average pool": lambda tf: _pool(tf, "avg_pool2d", "SAME"),
    "resize": lambda tf: tf.image.resize_bilinear(_x(tf, None, None, None, 3), [30, 40]),
    "nearest": lambda tf: tf.image.resize_nearest_neighbor(_x(tf, 1, 5, 5, 3), [10, 20]),
    "pad": lambda tf: tf.pad(_x(tf, None, 7), [[0, 0], [1, 2]]),
    "relu": lambda tf: tf.nn.relu6(_x(tf, None, 7)),
    "bias": lambda tf: tf.nn.bias_add(_x(tf, None, 7), tf.zeros([7])),
    "broadcast": lambda tf: _x(tf, None, 1, 3) + _x(tf, 5, 1),
    "broadcast of unlike ranks": lambda tf: _x(tf, 4, 1, 3) * _x(tf, 2, 3),
    "scalar times array": lambda tf: tf.constant(2.0) * _x(tf, 2, 3),
    "shape": lambda tf: tf.shape(_x(tf, None, 2, 3)),
    "stack": lambda tf: tf.stack([_x(tf, 2, 3), _x(tf, 2, 3)], axis=1),
    "stack at the end": lambda tf: tf.stack([_x(tf, 2, 3), _x(tf, 2, 3)], axis=-1),
    "unstack": lambda tf: tf.unstack(_x(tf, 2, 3, 4), axis=-1)[1],
    "slice": lambda tf: tf.slice(_x(tf, None, 7, 4), [0, 1, 0], [-1, -1, 2]),
    "strided slice": lambda tf: _x(tf, 1, 17, 9, 3)[:, -3:, 1:-1:2],
    "strided slice drops an axis": lambda tf: _x(tf, 1, 17, 9)[:, 2],
    "concatenation": lambda tf: tf.concat([_x(tf, None, 2), _x(tf, None, 5)], -1),
    "concatenation of unknown": lambda tf: tf.concat([_x(tf, None, 2), _x(tf, 4, 2)], 0),
    "reshape": lambda tf: tf.reshape(_x(tf, 6, 4), [3, 8]),
    "reshape, one free": lambda tf: tf.reshape(_x(tf, 6, 4), [-1, 3]),
    "expand": lambda tf: tf.expand_dims(_x(tf, 2, 3), -1),
    "expand in front": lambda tf: tf.expand_dims(_x(tf, 2, 3), 0),
    "squeeze": lambda tf: tf.squeeze(_x(tf, 1, 2, 1, None), [-2]),
    "squeeze all": lambda tf: tf.squeeze(_x(tf, 1, 2, 1, 3)),
    "transpose": lambda tf: tf.transpose(_x(tf, 2, 3, 4), [2, 0, 1]),
    "transpose of a matrix": lambda tf: tf.transpose(_x(tf, 2, 3)),
    "tile": lambda tf: tf.tile(_x(tf, None, 3), [2, 4]),
    "cast": lambda tf: tf.cast(_x(tf, None, 3), tf.int32),
    "computed size": lambda tf: tf.reshape(
        _x(tf, 6, 4), tf.stack([tf.constant(7) - tf.constant(3), -1])
    ),
    "size of another": lambda tf: tf.reshape(
        _x(tf, 6, 4), tf.stack([tf.shape(_x(tf, 8, 2))[0], tf.constant(-1)])
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_shape_is_the_one_that_tensorflow_infers(name: str) -> None:
    graph, tensor = _graph(CASES[name])
    assert StaticShapes(graph, {}).of(tensor.name) == _inferred(tensor)


RARE = {
    "convolution, explicit padding": lambda tf: _conv(tf, 8, padding=[[0, 0], [1, 1], [2, 2], [0, 0]]),
    "cast cuts off decimals": lambda tf: tf.reshape(
        _x(tf, 6, 2), tf.stack([tf.cast(tf.constant(3.7), tf.int32), -1])
    ),
    "division by zero": lambda tf: tf.constant([1.0]) / tf.constant([0.0]),
}


@pytest.mark.parametrize("name", RARE)
def test_a_shape_in_a_rarer_case_is_the_one_that_tensorflow_infers(name: str) -> None:
    graph, tensor = _graph(RARE[name])
    assert StaticShapes(graph, {}).of(tensor.name) == _inferred(tensor)


def _flattened(tf: Any, factor: int) -> Any:
    x = _x(tf, None, 6)
    size = tf.shape(x)[0]
    size = size * factor if factor > 1 else size
    return tf.reshape(x, tf.stack([size, tf.constant(-1)]), name="y")


def test_the_batch_on_both_sides_of_a_reshape_leaves_the_rest_known() -> None:
    graph, tensor = _graph(lambda tf: _flattened(tf, 1))
    tf = tensorflow()
    with tf.Session(graph=tensor.graph) as session:
        size = session.run(tensor, {"Placeholder:0": [6 * [0.0]] * 5}).shape[1]
    assert StaticShapes(graph, {}).of("y:0") == (None, size)


def test_an_unknown_size_other_than_the_batch_leaves_the_rest_unknown() -> None:
    graph, tensor = _graph(lambda tf: _flattened(tf, 2))
    assert StaticShapes(graph, {}).of("y:0") == _inferred(tensor) == (None, None)


@pytest.mark.parametrize(
    "build",
    [
        lambda tf: tf.placeholder(tf.float32, None, name="y"),
        lambda tf: tf.nn.relu(tf.placeholder(tf.float32, None), name="y"),
        lambda tf: tf.reshape(_x(tf, 6), tf.placeholder(tf.int32, [None]), name="y"),
        lambda tf: tf.py_func(lambda x: x, [_x(tf, 6)], tf.float32, name="y"),
    ],
)
def test_what_cannot_be_known_is_not_guessed(build: Build) -> None:
    graph, _ = _graph(build)
    assert StaticShapes(graph, {}).of("y:0") is None


def _by_hand(op: str, *constants: np.ndarray) -> Tuple[Graph, proto.NodeDef]:
    """A graph with node `y`, which reads constants, and that node."""
    graph_def = proto.GraphDef()
    for number, array in enumerate(constants):
        node = graph_def.node.add(name=f"x{number}", op="Const")
        node.attr["value"].tensor.CopyFrom(to_tensor(array))
    y = graph_def.node.add(name="y", op=op, input=[node.name for node in graph_def.node])
    return Graph(graph_def), y


def test_the_free_size_of_a_shape_without_elements_is_not_known() -> None:
    graph, _ = _by_hand("Reshape", np.zeros((6, 4), np.float32), np.array([0, -1]))
    assert StaticShapes(graph, {}).of("y:0") is None


def test_a_number_that_is_too_large_for_its_new_type_is_not_known() -> None:
    graph, y = _by_hand("Cast", np.array([np.inf], np.float32))
    y.attr["DstT"].type = INT32
    assert StaticShapes(graph, {}).of("y:0") is None


def test_a_step_of_nothing_has_no_shape() -> None:
    graph, y = _by_hand("MaxPool", np.zeros((1, 4, 4, 3), np.float32))
    y.attr["ksize"].list.i.extend([1, 2, 2, 1])
    y.attr["strides"].list.i.extend([1, 0, 0, 1])
    assert StaticShapes(graph, {}).of("y:0") is None


def test_more_outputs_than_memory_holds_have_no_shape() -> None:
    graph, y = _by_hand("Unpack", np.zeros((4, 3), np.float32))
    y.attr["num"].i = 2**59
    assert StaticShapes(graph, {}).of("y:0") is None


def test_a_given_shape_counts_more_than_the_graph() -> None:
    graph, _ = _graph(lambda tf: tf.nn.relu(tf.placeholder(tf.float32, None, name="x"), name="y"))
    assert StaticShapes(graph, {"x:0": (None, 4)}).of("y") == (None, 4)


def test_a_tensor_that_is_not_there_has_no_shape() -> None:
    graph, _ = _graph(lambda tf: _x(tf, 2))
    assert StaticShapes(graph, {}).of("none:0") is None


def test_looking_for_shapes_leaves_the_graph_as_it_is() -> None:
    graph, tensor = _graph(lambda tf: _pool(tf, "max_pool2d", "SAME"))
    before = {node.name: sorted(node.attr) for node in graph}
    StaticShapes(graph, {}).of(tensor.name)
    assert {node.name: sorted(node.attr) for node in graph} == before
