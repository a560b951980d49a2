"""Networks as ONNX models, against TensorFlow."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest

from places import ROOT
from splitdet.compat import tensorflow
from splitdet.engines.onnx_export import to_onnx
from splitdet.errors import EngineError
from splitdet.graph.cut import GraphPart
from splitdet.graph.load import load_graph
from splitdet.graph.proto import GraphDef
from splitdet.models import identify
from ssd_graphs import write_ssd

# not imported here: it would import TensorFlow, and let it talk
pytestmark = pytest.mark.skipif(find_spec("tf2onnx") is None, reason="tf2onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPLITDET_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def _network(path: Path) -> GraphPart:
    return identify(load_graph(path)).parts.network()


def _by_tensorflow(part: GraphPart, images: np.ndarray) -> List[np.ndarray]:
    tf = tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(tf.GraphDef.FromString(part.graph_def.SerializeToString()), name="")
    with tf.Session(graph=graph) as session:
        return list(session.run(list(part.outputs), {part.inputs[0]: images}))


def _by_onnx(part: GraphPart, model: bytes, images: np.ndarray) -> List[np.ndarray]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return list(session.run(list(part.outputs), {part.inputs[0]: images}))


def _images(count: int, size_px: int) -> np.ndarray:
    shape = (count, size_px, size_px, 3)
    return np.random.RandomState(0).uniform(0, 255, shape).astype(np.float32)


@pytest.mark.parametrize(("generation", "count"), [("nms_v0", 1), ("nms_v1", 3), ("nms_v2", 3)])
def test_a_network_gives_the_same_as_onnx(tmp_path: Path, generation: str, count: int) -> None:
    part = _network(write_ssd(tmp_path / "graph.pb", generation))
    images = _images(count, 64)
    for found, wanted in zip(_by_onnx(part, to_onnx(part), images), _by_tensorflow(part, images)):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.zoo
def test_the_default_model_gives_the_same_as_onnx(zoo_model: Path) -> None:
    part = _network(zoo_model)
    images = _images(2, 300)
    for found, wanted in zip(_by_onnx(part, to_onnx(part), images), _by_tensorflow(part, images)):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_batch_can_be_fixed(tiny_model: Path) -> None:
    part = _network(tiny_model)
    session = onnxruntime.InferenceSession(
        to_onnx(part, (2, 64, 64, 3)), providers=["CPUExecutionProvider"]
    )
    assert session.get_inputs()[0].shape == [2, 64, 64, 3]
    assert [port.shape[0] for port in session.get_outputs()] == [2, 2]


def test_a_second_call_needs_no_converter(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = _network(tiny_model)
    model = to_onnx(part)
    monkeypatch.setattr("splitdet.engines.onnx_export._convert", None)
    assert to_onnx(part) == model


def test_nothing_is_left_behind_but_the_model(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tf = tensorflow()
    monkeypatch.setenv("SPLITDET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    before = (tf.get_default_graph(), logging.getLogger("tf2onnx").level)
    to_onnx(_network(tiny_model))
    assert (tf.get_default_graph(), logging.getLogger("tf2onnx").level) == before
    assert not tf.get_default_graph().get_operations()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "1"
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".onnx"]


def test_a_conversion_prints_nothing(tiny_model: Path, tmp_path: Path) -> None:
    # in a process of its own: TensorFlow is as quiet as it was when it was first imported
    code = (
        "from splitdet.engines.onnx_export import to_onnx\n"
        "from splitdet.graph.load import load_graph\n"
        "from splitdet.models import identify\n"
        f"to_onnx(identify(load_graph({str(tiny_model)!r})).parts.network())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib"), "SPLITDET_CACHE": str(tmp_path)}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.glob("*.onnx"))


def test_an_operation_that_onnx_lacks_is_an_error() -> None:
    tf = tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [1, 4, 4, 3], name="x")
        tf.math.igamma(x, x, name="y")
    graph_def = GraphDef.FromString(graph.as_graph_def().SerializeToString())
    part = GraphPart("network", ("x:0",), ("y:0",), graph_def)
    with pytest.raises(EngineError, match=r"does not convert to ONNX: .*Igamma"):
        to_onnx(part)


def test_a_part_with_two_inputs_is_refused() -> None:
    with pytest.raises(EngineError, match="'cpu' has 2"):
        to_onnx(GraphPart("cpu", ("a:0", "b:0"), ("c:0",), GraphDef()))


def test_a_missing_converter_is_an_error_that_tells_the_command(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(EngineError, match=r"pip install 'splitdet\[onnx\]'"):
        to_onnx(_network(tiny_model), (7, 64, 64, 3))
