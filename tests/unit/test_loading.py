"""Model files of every format to models; what cannot be one is refused with its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from onnx_ssd import write_onnx_ssd
from splitdet.errors import ModelError
from splitdet.loading import load_model


def test_a_frozen_graph_is_loaded(tiny_model: Path) -> None:
    assert load_model(tiny_model).type_name == "nms_v2"


@pytest.mark.parametrize("name", ["ssd.onnx", "SSD.ONNX"])
def test_an_onnx_file_is_loaded(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    assert load_model(str(write_onnx_ssd(tmp_path / name))).type_name == "onnx_ssd"


def test_an_onnx_file_under_another_name_is_told_to_be_renamed(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    path = write_onnx_ssd(tmp_path / "frozen_inference_graph.pb")
    with pytest.raises(ModelError, match=r"this is an ONNX model; .* name it \.onnx"):
        load_model(path)


@pytest.mark.parametrize("name", ["graph.pb", "ssd.onnx"])
def test_the_message_begins_with_the_path_and_is_one_line(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    path = tmp_path / name
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).count(str(path)) == 1
    assert "\n" not in str(caught.value)
