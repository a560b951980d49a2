"""The class that users of tensorrt_demos know, by an engine that needs no GPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from onnx_ssd import SIZE_PX, Reference, write_onnx_ssd
from splitdet import TrtSSD
from splitdet.errors import ConfigError, EngineError

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SSD."""
    return write_onnx_ssd(tmp_path_factory.mktemp("onnx") / "ssd.onnx")


@pytest.fixture(scope="module")
def model(network: Path) -> TrtSSD:
    """That SSD, ready to run."""
    return TrtSSD(network, precision="fp32", engine="onnxruntime", max_boxes=1000)


@pytest.fixture
def image() -> np.ndarray:
    """uint8, of the network's own size."""
    return np.random.RandomState(0).randint(0, 256, (*SIZE_PX, 3)).astype(np.uint8)


@pytest.mark.parametrize("conf_th", [0.3, 0.6])
def test_lists_of_pixels_confidences_and_classes_are_given(
    conf_th: float, model: TrtSSD, image: np.ndarray
) -> None:
    boxes, confs, clss = model.detect(image, conf_th)
    expected = Reference().detect(image, conf_th)
    assert clss == [one["class_id"] for one in expected]
    np.testing.assert_allclose(confs, [one["score"] for one in expected], atol=1e-5)
    height, width = SIZE_PX
    for box, one in zip(boxes, expected):
        ymin, xmin, ymax, xmax = one["box"]
        for edge, exact in zip(box, (xmin * width, ymin * height, xmax * width, ymax * height)):
            assert exact - 1 - 1e-3 < edge < exact + 1e-3  # rounded down


def test_they_are_numbers_and_tuples_of_python(model: TrtSSD, image: np.ndarray) -> None:
    boxes, confs, clss = model.detect(image)
    assert {type(values) for values in (boxes, confs, clss)} == {list}
    assert {type(box) for box in boxes} == {tuple}
    assert {type(edge) for box in boxes for edge in box} == {int}
    assert ({type(conf) for conf in confs}, {type(cls) for cls in clss}) == ({float}, {int})


def test_the_threshold_is_that_of_each_call(model: TrtSSD, image: np.ndarray) -> None:
    counts = [len(model.detect(image, conf_th)[0]) for conf_th in (0.9, 0.3, 0.9)]
    assert counts[0] == counts[2] < counts[1]
    assert min(model.detect(image)[1]) >= 0.3


def test_nothing_found_is_three_empty_lists(model: TrtSSD, image: np.ndarray) -> None:
    assert model.detect(image, conf_th=1.0) == ([], [], [])


def test_it_runs_a_graph_as_well(tiny_model: Path, image: np.ndarray) -> None:
    with TrtSSD(tiny_model, (64, 64), precision="fp32", engine="tensorflow") as model:
        boxes, confs, _ = model.detect(image)
    assert len(boxes) == len(confs) > 0


def test_an_input_shape_that_does_not_fit_is_refused(network: Path) -> None:
    with pytest.raises(ConfigError, match=r"\(300, 300\), but the network takes \(48, 64\)"):
        TrtSSD(network, (300, 300), precision="fp32", engine="onnxruntime")


def test_it_runs_by_tensorrt_in_half_precision_unless_told(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(name: str, config: object, feeders: int) -> None:
        asked.append((name, getattr(config, "precision", "")))
        raise EngineError("not here")

    monkeypatch.setattr("splitdet.engines.choose.make_engine", refuse)
    with pytest.raises(EngineError, match="not here"):
        TrtSSD(network)
    assert asked == [("tensorrt", "fp16")]


def test_less_than_is_looked_at_cannot_be_asked_for(model: TrtSSD, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"open it with det_th=0\.05"):
        model.detect(image, conf_th=0.05)
