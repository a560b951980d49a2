"""Simulated quantization as arithmetic, against TensorFlow's own operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from splitdet.compat import tensorflow
from splitdet.engines.fake_quant import write_out_fake_quant
from splitdet.graph.proto import GraphDef


def _graph(low: float, high: float, **options: Any) -> Any:
    tf = tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None], name="x")
        limits = [tf.constant(np.float32(limit)) for limit in (low, high)]
        tf.quantization.fake_quant_with_min_max_vars(x, *limits, name="y", **options)
    return graph.as_graph_def()


def _run(graph_def: Any, values: np.ndarray) -> np.ndarray:
    tf = tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(tf.GraphDef.FromString(graph_def.SerializeToString()), name="")
    with tf.Session(graph=graph) as session:
        return np.asarray(session.run("y:0", {"x:0": values}))


@pytest.mark.parametrize(
    ("low", "high", "options"),
    [
        (0.0, 6.0, {}),
        (-1.3, 2.7, {}),
        (-1.3, 2.7, {"narrow_range": True}),
        (-4.0, 0.0, {"num_bits": 4}),
        (0.0, 0.0, {}),
        (0.0, 0.0, {"narrow_range": True}),
    ],
)
def test_arithmetic_gives_what_the_operation_gives(low: float, high: float, options: Any) -> None:
    original = GraphDef.FromString(_graph(low, high, **options).SerializeToString())
    values = np.linspace(-8, 8, 10007).astype(np.float32)
    written = write_out_fake_quant(original)
    assert not any(node.op.startswith("FakeQuant") for node in written.node)
    np.testing.assert_allclose(_run(written, values), _run(original, values), atol=1e-6)


def test_zero_stays_zero() -> None:
    written = write_out_fake_quant(GraphDef.FromString(_graph(-1.3, 2.7).SerializeToString()))
    assert abs(_run(written, np.zeros(1, np.float32))[0]) < 1e-6


def test_the_original_is_not_changed() -> None:
    original = GraphDef.FromString(_graph(0.0, 6.0).SerializeToString())
    before = len(original.node)
    write_out_fake_quant(original)
    assert len(original.node) == before
