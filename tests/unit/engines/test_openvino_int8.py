"""INT8 on a CPU: calibrated, close to full precision, and quantized once."""

from __future__ import annotations

import logging
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest

from picture_files import random_pictures, write_pictures
from reference import frames_of
from splitdet.config import make_config
from splitdet.detector import Detector
from splitdet.engines import openvino as engine_module
from splitdet.engines.ends import make_front
from splitdet.engines.make import make_engine
from splitdet.engines.openvino import OpenVinoEngine
from splitdet.engines.openvino_int8 import names_in_float, quantize
from splitdet.engines.parity import TOLERANCE, Difference, compare, trial_picture
from splitdet.engines.pictures import Pictures
from splitdet.errors import EngineError
from splitdet.graph.load import load_graph
from splitdet.models import identify
from splitdet.nms import Ties

pytest.importorskip("openvino")
needs_nncf = pytest.mark.skipif(find_spec("nncf") is None, reason="needs the package nncf")
pytestmark = pytest.mark.usefixtures("fresh_cache")


@pytest.fixture
def settings(tmp_path: Path) -> Dict[str, str]:
    """INT8 with six pictures."""
    pictures = [trial_picture(), *random_pictures(5, 64, 64)]
    folder = write_pictures(tmp_path / "pictures", pictures)
    return {"engine": "openvino", "precision": "int8", "calibration": str(folder)}


def difference(graph: Path, settings: Dict[str, str]) -> Difference:
    """How far raw outputs are from those of TensorFlow."""
    model = identify(load_graph(graph))
    plain = make_front(make_engine("tensorflow", make_config(), 1), model)
    other = make_front(make_engine("openvino", make_config(**settings), 1), model)
    image = trial_picture()
    return compare(other, plain.run(plain.prepare([image])), image)


def test_without_nncf_one_line_tells_the_command(
    tiny_model: Path, settings: Dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(EngineError, match=r"on a CPU needs NNCF .*pip install 'splitdet\[int8\]'"):
        Detector(tiny_model, **settings)


def test_a_folder_without_pictures_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"calibration: .*: no pictures in this folder"):
        Detector(tiny_model, engine="openvino", precision="int8", calibration=str(tmp_path))


@needs_nncf
def test_int8_is_close_to_full_precision_and_not_equal(
    tiny_model: Path, settings: Dict[str, str]
) -> None:
    found = difference(tiny_model, settings)
    assert found.within(TOLERANCE["int8"] / 2)
    assert found.scores > 1e-4


@needs_nncf
def test_only_convolutions_between_others_are_rounded(
    tiny_model: Path, settings: Dict[str, str]
) -> None:
    part = identify(load_graph(tiny_model)).parts.network()
    model = OpenVinoEngine("cpu", "fp32", 1)._read(part)
    model.reshape([1, 64, 64, 3])
    in_float = set(names_in_float(model))
    convolutions = {node.get_friendly_name() for node in _nodes(model, "Convolution")}
    quantized = quantize(model, Pictures(settings["calibration"], (64, 64)))
    rounded = {
        node.get_friendly_name()
        for node in _nodes(quantized, "Convolution")
        if node.input_value(0).get_node().get_type_name() == "FakeQuantize"
    }
    assert rounded == convolutions - in_float
    assert len(rounded) == 3
    assert len(convolutions & in_float) == 1 + 4  # the first, and scores and boxes of two maps


@needs_nncf
def test_a_network_is_quantized_once(
    tiny_model: Path, settings: Dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = trial_picture()
    with Detector(tiny_model, **settings, det_th=0.3) as detector:
        expected = detector.detect(image)
        assert detector.engine.description.endswith("CPU, int8")
    monkeypatch.setattr(engine_module, "quantize", lambda *_: pytest.fail("quantized again"))
    with Detector(tiny_model, **settings, det_th=0.3) as detector:
        found = detector.detect(image)
    assert len(found) > 0
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(found.scores, expected.scores)


@needs_nncf
def test_other_pictures_are_other_ranges(
    tiny_model: Path, settings: Dict[str, str], fresh_cache: Path
) -> None:
    Detector(tiny_model, **settings).close()
    (Path(settings["calibration"]) / "00.png").unlink()
    Detector(tiny_model, **settings).close()
    assert len(list(fresh_cache.iterdir())) == 2


@needs_nncf
def test_auto_measures_int8_and_takes_who_has_it(
    tiny_model: Path, settings: Dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with Detector(tiny_model, **{**settings, "engine": "auto"}) as detector:
        assert detector.engine.description.endswith("CPU, int8")
    assert "engine openvino is the fastest here that agrees with TensorFlow" in caplog.text


@needs_nncf
def test_nncf_keeps_quiet_and_changes_no_other_logger(
    tiny_model: Path, settings: Dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    kind = logging.getLoggerClass()
    Detector(tiny_model, **settings).close()
    assert capfd.readouterr() == ("", "")
    assert logging.getLoggerClass() is kind
    assert os.environ["NNCF_CI"]  # nothing is reported to its makers


@needs_nncf
@pytest.mark.model
def test_the_default_model_finds_in_int8_what_it_finds_in_full(
    default_model: Path, clip: Path, tmp_path: Path
) -> None:
    frames = list(frames_of(clip, 200))
    folder = write_pictures(tmp_path / "pictures", frames[10::20])
    settings = {"engine": "openvino", "precision": "int8", "calibration": str(folder)}
    plain = Detector(default_model, engine="tensorflow", det_th=0.7)
    with Detector(default_model, det_th=0.3, **settings) as rounded, plain:
        assert rounded.steps.back._nms.settings.ties is Ties.BY_INDEX
        sure = 0
        for image in frames[20:200:10]:
            found, expected = rounded.detect(image), plain.detect(image)
            for box, class_id in zip(expected.boxes, expected.classes):
                edges = np.abs(found.boxes[found.classes == class_id] - box).max(axis=1)
                assert edges.min() < 0.1
                sure += 1
        assert sure >= 4


def _nodes(model: Any, operation: str) -> Any:
    return [node for node in model.get_ordered_ops() if node.get_type_name() == operation]
