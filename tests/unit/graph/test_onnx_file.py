"""ONNX files that open, and those that do not: what is wrong in one line."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from onnx_ssd import write_onnx_ssd
from splitdet.errors import ModelError
from splitdet.graph.onnx_file import OnnxPart, load_onnx

onnx = pytest.importorskip("onnx")


def _refusal(path: Path) -> str:
    """The message with which `path` is refused: one line that begins with the path."""
    with pytest.raises(ModelError) as caught:
        load_onnx(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_inputs_and_outputs_are_told(tmp_path: Path) -> None:
    file = load_onnx(write_onnx_ssd(tmp_path / "ssd.onnx", batch=None))
    assert [str(tensor) for tensor in (*file.inputs, *file.outputs)] == [
        "input_0 float [?x3x48x64]",
        "scores float [?x384x5]",
        "boxes float [?x384x4]",
    ]


def test_constants_that_are_listed_as_inputs_are_none(tmp_path: Path) -> None:
    file = load_onnx(write_onnx_ssd(tmp_path / "ssd.onnx", constants_are_inputs=True))
    assert [tensor.name for tensor in file.inputs] == ["input_0"]


def test_a_file_that_is_cut_off_is_refused_wherever_that_is(tmp_path: Path) -> None:
    path = write_onnx_ssd(tmp_path / "ssd.onnx")
    data = path.read_bytes()
    for length in [*range(40), *np.linspace(40, len(data) - 1, 40).astype(int)]:
        path.write_bytes(data[:length])
        assert f"not an ONNX model, or cut off ({length:,} bytes); fetch" in _refusal(path)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "this is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "this is a pointer of Git LFS"),
        (b"nothing at all", "not an ONNX model, or cut off"),
    ],
)
def test_what_is_no_onnx_model_is_refused(data: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "ssd.onnx").write_bytes(data)
    assert what in _refusal(tmp_path / "ssd.onnx")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "No such file" in _refusal(tmp_path / "ssd.onnx")


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_onnx_ssd(tmp_path / "ssd.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "pip install 'splitdet[onnx]'" in _refusal(path)


def test_weights_in_a_file_of_their_own_are_read(tmp_path: Path) -> None:
    path = write_onnx_ssd(tmp_path / "ssd.onnx")
    whole = load_onnx(path).model
    model = onnx.load(str(path))
    onnx.save_model(
        *(model, str(path)),
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location="ssd.onnx.data",
        size_threshold=0,
    )
    for one, other in zip(load_onnx(path).model.graph.initializer, whole.graph.initializer):
        to_array = onnx.numpy_helper.to_array
        np.testing.assert_array_equal(to_array(one), to_array(other))
    (tmp_path / "ssd.onnx.data").unlink()
    assert "the weights that it keeps in other files cannot be read" in _refusal(path)


def test_a_part_takes_another_shape(tmp_path: Path) -> None:
    data = write_onnx_ssd(tmp_path / "ssd.onnx").read_bytes()
    part = OnnxPart("network", ("input_0",), ("scores", "boxes"), data, (1, 3, 48, 64))
    shape = (None, 3, 24, 64)
    changed = onnx.load_from_string(part.with_input_shape(shape)).graph.input[0]
    dims = changed.type.tensor_type.shape.dim
    assert [dim.dim_value or dim.dim_param for dim in dims] == ["batch", 3, 24, 64]
