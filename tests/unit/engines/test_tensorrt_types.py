"""Networks in half precision and in INT8, computed by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Set

import numpy as np
import pytest

from onnx_networks import BOXES, SCORES, SIZE_PX, random_images, run_onnx, small_network
from picture_files import write_pictures
from splitdet.engines.pictures import Pictures
from splitdet.engines.tensorrt.half import to_half
from splitdet.engines.tensorrt.quantize import quantize

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures."""
    return write_pictures(tmp_path / "pictures", random_images(12))


def _constants_of(model: bytes, operation: str) -> Set[Any]:
    """Types of the constants that an operation reads."""
    graph = onnx.load_from_string(model).graph
    kinds = {constant.name: constant.data_type for constant in graph.initializer}
    read = [name for node in graph.node if node.op_type == operation for name in node.input]
    return {kinds[name] for name in read if name in kinds}


def test_half_precision_is_close_to_full() -> None:
    model, images = small_network(), random_images(2)
    for half, full in zip(run_onnx(to_half(model), images), run_onnx(model, images)):
        assert half.dtype == np.float32
        np.testing.assert_allclose(half, full, atol=5e-3)


def test_half_precision_is_not_full() -> None:
    model, images = small_network(), random_images(2)
    assert (run_onnx(to_half(model), images)[0] != run_onnx(model, images)[0]).any()


def test_convolutions_are_half_and_the_normalisation_is_not() -> None:
    model = to_half(small_network())
    assert _constants_of(model, "Conv") == {onnx.TensorProto.FLOAT16}
    assert _constants_of(model, "Mul") == {onnx.TensorProto.FLOAT}


def test_a_network_in_half_precision_is_valid() -> None:
    onnx.checker.check_model(onnx.load_from_string(to_half(small_network())), full_check=True)


def test_int8_is_close_to_full_precision(folder: Path) -> None:
    model, images = small_network(), random_images(4)
    quantized = quantize(model, Pictures(str(folder), (SIZE_PX, SIZE_PX)))
    for rounded, full in zip(run_onnx(quantized, images), run_onnx(model, images)):
        assert 0 < np.abs(rounded - full).max() < 0.1


def test_every_convolution_reads_what_was_quantized(folder: Path) -> None:
    model = quantize(small_network(), Pictures(str(folder), (SIZE_PX, SIZE_PX)))
    graph = onnx.load_from_string(model).graph
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 4
    for node in convolutions:
        assert [made_by.get(name) for name in node.input[:2]] == ["DequantizeLinear"] * 2


def test_a_network_in_int8_is_valid_and_keeps_its_outputs(folder: Path) -> None:
    model = onnx.load_from_string(quantize(small_network(), Pictures(str(folder), (SIZE_PX, SIZE_PX))))
    onnx.checker.check_model(model, full_check=True)
    assert [port.name for port in model.graph.output] == [SCORES, BOXES]
