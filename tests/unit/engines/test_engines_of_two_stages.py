"""Which engine runs a two-stage detector: one that reads the loops around its networks, and agrees."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest

from places import GRAPH_FILE
from reference import MASK_OUTPUTS, OUTPUTS, PlainSession
from segmenter_graphs import write_segmenter
from splitdet.config import make_config
from splitdet.detector import Detector
from splitdet.engines import choose
from splitdet.engines.ends import make_front
from splitdet.engines.make import make_engine
from splitdet.engines.parity import trial_picture
from splitdet.errors import EngineError
from splitdet.graph.load import load_graph
from splitdet.loading import load_model
from splitdet.plan import Front
from two_stage_graphs import write_two_stage

pytest.importorskip("openvino")
pytestmark = pytest.mark.usefixtures("fresh_cache")
IMAGE = trial_picture()
TOLERANCE = 1e-5
UNKNOWN = "BesselI0e"
"""An operation that OpenVINO does not know."""


@pytest.fixture(name="graph")
def _graph(tmp_path: Path) -> Path:
    return write_two_stage(tmp_path / GRAPH_FILE, masks=False)


@pytest.fixture(name="unreadable")
def _unreadable(graph: Path) -> Path:
    """The same, with an operation in it that OpenVINO does not know."""
    graph_def = load_graph(graph).graph_def
    next(node for node in graph_def.node if node.op == "Relu6").op = UNKNOWN
    graph.write_bytes(graph_def.SerializeToString())
    return graph


@pytest.fixture(name="prefer_openvino")
def _prefer_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO is the fastest here, where it takes part."""

    def rates(fronts: Dict[str, Front], *_: object) -> Dict[str, float]:
        return {name: 1.0 + (name == "openvino") for name in fronts}

    monkeypatch.setattr(choose, "frames_per_second", rates)


@pytest.mark.parametrize("masks", [False, True])
def test_openvino_finds_what_the_whole_graph_finds(masks: bool, tmp_path: Path) -> None:
    graph = write_two_stage(tmp_path / GRAPH_FILE, masks)
    boxes, scores, classes, *grids = PlainSession(graph, MASK_OUTPUTS if masks else OUTPUTS)(IMAGE)
    with Detector(graph, engine="openvino", det_th=0) as detector:
        assert "OpenVINO" in detector.engine.description
        assert detector.split is not masks
        found = detector.detect(IMAGE)
    assert len(found) > 5
    np.testing.assert_array_equal(found.classes, classes)
    np.testing.assert_allclose(found.boxes, boxes, atol=TOLERANCE)
    np.testing.assert_allclose(found.scores, scores, atol=TOLERANCE)
    if masks:
        np.testing.assert_allclose(found.masks, grids[0], atol=TOLERANCE)


def test_a_picture_of_any_size_goes_through(graph: Path) -> None:
    plain = PlainSession(graph)
    with Detector(graph, engine="openvino", det_th=0) as detector:
        for image in (IMAGE, IMAGE[:200], IMAGE[:, :77]):
            np.testing.assert_allclose(detector.detect(image).scores, plain(image)[1], atol=TOLERANCE)


def test_the_graphs_own_nms_takes_what_openvino_gives(graph: Path) -> None:
    with Detector(graph, engine="openvino", nms="graph", det_th=0) as detector:
        np.testing.assert_allclose(
            detector.detect(IMAGE).scores, PlainSession(graph)(IMAGE)[1], atol=TOLERANCE
        )


@pytest.mark.parametrize("kind", ["faster_v2", "mask_v1", "deeplab_v3"])
def test_outputs_have_the_types_of_the_graph(kind: str, tmp_path: Path) -> None:
    path = tmp_path / GRAPH_FILE
    write_segmenter(path) if kind == "deeplab_v3" else write_two_stage(path, kind == "mask_v1")
    model = load_model(path)
    types = []
    for engine in ("openvino", "tensorflow"):
        front = make_front(make_engine(engine, make_config(), 1), model, bool(model.parts.cut))
        types.append([tensor.dtype for tensor in front.run(front.prepare([IMAGE[:65, :65]]))])
    assert types[0] == types[1]


@pytest.mark.usefixtures("prefer_openvino")
def test_auto_takes_openvino_where_it_is_the_fastest(
    graph: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in ("the first start", "a later one"):
        with Detector(graph) as detector:
            assert "OpenVINO" in detector.engine.description
            assert len(detector.detect(IMAGE)) > 0
    assert caplog.text.count("engine openvino is the fastest here") == 1


@pytest.mark.usefixtures("prefer_openvino")
def test_auto_does_without_an_engine_that_cannot_read_the_graph(
    unreadable: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with Detector(unreadable) as detector:
        assert "TensorFlow" in detector.engine.description
    reason = f"OpenVINO cannot run this network: No conversion rule found for operations: {UNKNOWN}"
    assert f"engine openvino: {reason}" in caplog.messages


@pytest.mark.usefixtures("prefer_openvino")
def test_auto_does_without_an_engine_that_fails_on_a_frame(
    graph: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from splitdet.engines.openvino import OpenVinoRunner

    def fail(*_: Any) -> None:
        raise RuntimeError("no kernel\n  for this shape")

    monkeypatch.setattr(OpenVinoRunner, "run", fail)
    with Detector(graph) as detector:
        assert "TensorFlow" in detector.engine.description
    assert "engine openvino fails (no kernel for this shape); not used" in caplog.messages


def test_an_operation_that_openvino_does_not_know_is_named(unreadable: Path) -> None:
    with pytest.raises(EngineError) as caught:
        Detector(unreadable, engine="openvino")
    assert str(caught.value).endswith(f"operations: {UNKNOWN}")
    assert "\n" not in str(caught.value)


def test_auto_does_not_let_others_read_a_graph_with_its_nms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from splitdet.engines.openvino import OpenVinoEngine

    monkeypatch.setattr(OpenVinoEngine, "_read", lambda *_: pytest.fail("read"))
    with Detector(write_two_stage(tmp_path / GRAPH_FILE, masks=True)) as detector:
        assert "TensorFlow" in detector.engine.description


def test_engines_that_do_not_run_two_stages_say_so(graph: Path) -> None:
    with pytest.raises(EngineError, match="this one is faster_v2, where it varies; set engine"):
        Detector(graph, engine="onnxruntime")
    with pytest.raises(EngineError, match="split_model is False; set engine: tensorflow"):
        Detector(graph, engine="openvino", split_model=False)
    with pytest.raises(EngineError, match="int8 is for networks with one size of input"):
        Detector(graph, engine="openvino", precision="int8", calibration="pictures")
