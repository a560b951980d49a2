"""Which engine runs an ONNX file: the fastest that agrees with ONNX Runtime, or what there is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List

import pytest

from onnx_ssd import write_onnx_ssd
from splitdet.detector import Detector
from splitdet.engines import choose
from splitdet.engines.parity import Difference
from splitdet.errors import EngineError

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network, and a cache with nothing in it."""
    monkeypatch.setenv("SPLITDET_CACHE", str(tmp_path / "cache"))
    return write_onnx_ssd(tmp_path / "ssd.onnx")


def install(monkeypatch: pytest.MonkeyPatch, engines: List[str]) -> None:
    """Pretend that these are installed, and no others."""
    monkeypatch.setattr(choose, "installed_engines", lambda _: engines)


def test_auto_takes_the_fastest_that_agrees_with_onnx_runtime(
    network: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino")
    rates = iter([{"onnxruntime": 1.0, "openvino": 2.0}])
    monkeypatch.setattr(choose, "frames_per_second", lambda *_: next(rates))
    with caplog.at_level("INFO"), Detector(network) as detector:
        assert "OpenVINO" in detector.engine.description
    assert "openvino is the fastest here that agrees with ONNX Runtime" in caplog.text
    with Detector(network) as detector:  # from memory: there are no more rates
        assert "OpenVINO" in detector.engine.description


def test_an_engine_that_disagrees_with_onnx_runtime_is_not_chosen(
    network: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(choose, "compare", lambda *_: Difference(0.5, 0.0))
    with Detector(network) as detector:
        assert "ONNX Runtime" in detector.engine.description
    assert "openvino differs from ONNX Runtime" in caplog.text


def test_a_lower_precision_is_compared_with_the_full_one(
    network: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino")
    with caplog.at_level("INFO"), Detector(network, precision="bf16") as detector:
        assert "OpenVINO" in detector.engine.description
        assert "bf16" in detector.engine.description
    assert "engine onnxruntime has no precision bf16" in caplog.text


def test_openvino_alone_is_taken_as_it_is(
    network: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino")
    install(monkeypatch, ["openvino"])
    with caplog.at_level("INFO"), Detector(network) as detector:
        assert "OpenVINO" in detector.engine.description
    assert "ONNX Runtime is not installed, so engine openvino is not compared" in caplog.text


def test_onnx_runtime_alone_is_not_compared_with_anything(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, ["onnxruntime"])
    monkeypatch.setattr(choose, "compare", lambda *_: pytest.fail("compared"))
    with Detector(network) as detector:
        assert "ONNX Runtime" in detector.engine.description


def test_with_neither_the_package_to_install_is_named(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, [])
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError, match=r"not installed: pip install 'splitdet\[onnx\]'"):
        Detector(network)


def test_tensorflow_is_refused(network: Path) -> None:
    message = "engine tensorflow does not run ONNX; set engine: auto, openvino, onnxruntime, tensorrt"
    with pytest.raises(EngineError, match=message):
        Detector(network, engine="tensorflow")


def test_a_precision_that_only_tensorflow_has_is_refused(network: Path) -> None:
    with pytest.raises(EngineError, match="onnxruntime has no precision tf32"):
        Detector(network, precision="tf32")


def test_trt_v1_runs_it_by_tensorrt(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(name: str, *_: object) -> None:
        asked.append(name)
        raise EngineError("not here")

    monkeypatch.setattr(choose, "make_engine", refuse)
    with pytest.raises(EngineError, match="not here"):
        Detector(network, model_type="trt_v1")
    assert asked == ["tensorrt"]
