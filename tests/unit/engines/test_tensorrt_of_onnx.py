"""An SSD in ONNX through the builder of TensorRT, in every precision."""

from __future__ import annotations

from pathlib import Path
from typing import List

import cv2
import numpy as np
import pytest

from onnx_ssd import SIZE_PX, write_onnx_ssd
from splitdet.engines.parity import trial_picture
from splitdet.engines.tensorrt.api import load_api
from splitdet.engines.tensorrt.calibrate import Pictures
from splitdet.engines.tensorrt.engine import TensorRTEngine
from splitdet.engines.tensorrt.half import to_half
from splitdet.engines.tensorrt.options import BuildOptions
from splitdet.engines.tensorrt.outside import layers_outside
from splitdet.engines.tensorrt.quantize import quantize
from splitdet.graph.onnx_file import OnnxPart
from splitdet.loading import load_model

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
MODULE = "tensorrt_rtx"


@pytest.fixture
def part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OnnxPart:
    """A network for any number of frames, and a cache with nothing in it."""
    monkeypatch.setenv("SPLITDET_CACHE", str(tmp_path / "cache"))
    found = load_model(write_onnx_ssd(tmp_path / "ssd.onnx", batch=None)).parts.network()
    assert isinstance(found, OnnxPart)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures to calibrate with."""
    (tmp_path / "pictures").mkdir()
    for shift in range(4):
        cv2.imwrite(str(tmp_path / "pictures" / f"{shift}.png"), np.roll(trial_picture(), 40 * shift, 1))
    return tmp_path / "pictures"


def run(model: bytes, images: np.ndarray) -> List[np.ndarray]:
    """What ONNX Runtime computes: scores and boxes."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return list(session.run(None, {session.get_inputs()[0].name: images}))


@pytest.mark.parametrize(("batch", "fixed"), [(1, False), (4, True), (4, False)])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_an_engine_is_built(part: OnnxPart, precision: str, batch: int, fixed: bool) -> None:
    pytest.importorskip(MODULE)
    options = BuildOptions(precision, batch, fixed, target=(8, 6), level=1)
    engine, file = TensorRTEngine(options).build(part)
    assert len(engine) > 1000
    assert file.read_bytes().endswith(engine)


def test_an_int8_engine_is_built(part: OnnxPart, folder: Path) -> None:
    pytest.importorskip(MODULE)
    options = BuildOptions("int8", target=(12, 0), calibration=str(folder))
    assert len(TensorRTEngine(options).build(part)[0]) > 1000


def test_a_network_for_one_frame_is_built_for_one(tmp_path: Path, part: OnnxPart) -> None:
    pytest.importorskip(MODULE)
    alone = load_model(write_onnx_ssd(tmp_path / "one.onnx", batch=1)).parts.network()
    for options in (BuildOptions(target=(8, 6)), BuildOptions(batch=8, target=(8, 6))):
        engine, _ = TensorRTEngine(options).build(alone)
        assert len(engine) > 1000


def test_normalisation_and_boxes_keep_their_precision(part: OnnxPart) -> None:
    pytest.importorskip(MODULE)
    api = load_api(MODULE)
    network = api.create_network(api.trt.Builder(api.logger))
    api.parse(network, part.data)
    kept = {layer.name for layer in layers_outside(network)}
    assert {"splitdet/centred", "splitdet/normal", "splitdet/boxes"} <= kept


def test_in_half_precision_it_finds_nearly_the_same(part: OnnxPart) -> None:
    images = cv2.resize(trial_picture(), SIZE_PX[::-1])[np.newaxis].astype(np.float32)
    (scores, boxes), (full_scores, full_boxes) = run(to_half(part.data), images), run(part.data, images)
    assert 0 < np.abs(scores - full_scores).max() < 0.02
    assert 0 < np.abs(boxes - full_boxes).max() < 0.002


def test_in_int8_it_finds_nearly_the_same(tmp_path: Path, folder: Path) -> None:
    # the operators of INT8 that ONNX Runtime knows
    path = write_onnx_ssd(tmp_path / "ssd13.onnx", batch=None, opset=13)
    data, pictures = load_model(path).parts.network().data, Pictures(str(folder), SIZE_PX)
    images = np.concatenate(list(pictures.batches(1)))
    (scores, _), (full, _) = run(quantize(data, pictures), images), run(data, images)
    assert 0 < np.abs(scores - full).max() < 0.2
