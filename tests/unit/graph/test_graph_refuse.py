"""Files that are no frozen graph: recognised by name or content, with a way out."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import List

import pytest

from splitdet.compat import tensorflow
from splitdet.errors import ModelError
from splitdet.graph.load import load_graph, save_graph
from splitdet.graph.proto import GraphDef
from splitdet.graph.refuse import is_saved_model, refuse_by_content

FROZEN = "use the frozen_inference_graph.pb"
EXPORTER = "freeze it with the Object Detection API's export_inference_graph.py"


def _graph_def() -> GraphDef:
    graph_def = GraphDef()
    graph_def.node.add(name="x", op="Placeholder")
    return graph_def


def _refusal(path: Path) -> str:
    """The message with which `path` is refused; one line that begins with the path."""
    with pytest.raises(ModelError) as caught:
        load_graph(path)
    assert str(caught.value).startswith(f"{path}: this is ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "what", "way_out"),
    [
        ("model.tflite", "a TensorFlow Lite model", FROZEN),
        ("MODEL.TFLITE", "a TensorFlow Lite model", FROZEN),
        ("model.onnx", "an ONNX model", FROZEN),
        ("model.h5", "a Keras model", "export it as a SavedModel"),
        ("model.keras", "a Keras model", "export it as a SavedModel"),
        ("model.ckpt", "a checkpoint", EXPORTER),
        ("model.ckpt-200.index", "a checkpoint", EXPORTER),
        ("model.ckpt-200.meta", "a checkpoint", EXPORTER),
        ("model.ckpt-200.data-00000-of-00001", "a checkpoint", EXPORTER),
        ("ssd.tar.gz", "an archive", "unpack it"),
        ("ssd.tgz", "an archive", "`splitdet models get`"),
        ("ssd.tar", "an archive", "unpack it"),
        ("ssd.zip", "an archive", "unpack it"),
    ],
)
def test_a_model_of_another_kind_is_refused_by_its_name(
    tmp_path: Path, name: str, what: str, way_out: str
) -> None:
    save_graph(_graph_def(), tmp_path / name)
    message = _refusal(tmp_path / name)
    assert f"this is {what}" in message
    assert way_out in message


def test_a_file_that_is_named_onnx_is_not_told_to_be_named_so(tmp_path: Path) -> None:
    save_graph(_graph_def(), tmp_path / "model.onnx")
    assert "name it" not in _refusal(tmp_path / "model.onnx")


def test_a_checkpoint_is_refused_by_what_its_files_names_begin_with(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt-200.index").write_bytes(b"")
    assert EXPORTER in _refusal(tmp_path / "model.ckpt-200")


@pytest.mark.parametrize(
    "names",
    [["checkpoint"], ["model.ckpt.index", "model.ckpt.meta"], ["checkpoint", "graph.pbtxt", "model.pb"]],
)
def test_a_folder_with_a_checkpoint_is_refused(tmp_path: Path, names: List[str]) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert f"a folder with a checkpoint; {EXPORTER}" in _refusal(tmp_path)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    assert "without frozen_inference_graph.pb or saved_model.pb" in _refusal(tmp_path)


# How TensorFlow Lite's converter, and the exporters of PyTorch and tf2onnx, begin their files.
LITE = b"\x1c\x00\x00\x00TFL3\x14\x00\x20\x00\x1c\x00\x18\x00\x14\x00" + bytes(40)
ONNX_PYTORCH = b"\x08\x08\x12\x07pytorch\x1a\x052.4.1:\x9a\x01" + bytes(40)
ONNX_TF2ONNX = b'\x08\x08\x12\x07tf2onnx\x1a\x0f1.16.1 15c810"\x00' + bytes(40)
ONNX_BARE = b"\x08\x0aB\x04\x0a\x00\x10\x0f" + bytes(40)


@pytest.mark.parametrize(
    ("data", "what", "way_out"),
    [
        (LITE, "a TensorFlow Lite model", FROZEN),
        (ONNX_PYTORCH, "an ONNX model", FROZEN),
        (ONNX_TF2ONNX, "an ONNX model", FROZEN),
        (ONNX_BARE, "an ONNX model", FROZEN),
        (b"PK\x03\x04\x14" + bytes(60), "an archive", "unpack it"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "a web page", "fetch the model again"),
        (b"\n\n<HTML>\n<head>", "a web page", "fetch the model again"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "a web page", "fetch"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "a pointer", "git lfs pull"),
        (b"item {\n  id: 1\n  name: 'cat'\n}\n", "a label map", "label_path"),
        (b"# pets\n\n# ids from 1\nitem{\n id: 1", "a label map", "label_path"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_content(
    tmp_path: Path, data: bytes, what: str, way_out: str
) -> None:
    (tmp_path / "frozen_inference_graph.pb").write_bytes(data)
    message = _refusal(tmp_path / "frozen_inference_graph.pb")
    assert f"this is {what}" in message
    assert way_out in message


def test_an_archive_is_refused_whatever_it_is_called(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.add(__file__, "frozen_inference_graph.pb")
    (tmp_path / "plain.pb").write_bytes(data.getvalue())
    (tmp_path / "packed.pb").write_bytes(gzip.compress(data.getvalue()))
    assert "an archive; unpack it" in _refusal(tmp_path / "plain.pb")
    assert "an archive; unpack it" in _refusal(tmp_path / "packed.pb")


@pytest.mark.parametrize("name", ["graph.pbtxt", "graph.pb"])
def test_a_graph_as_text_is_refused(tmp_path: Path, name: str) -> None:
    v1 = tensorflow()
    with v1.Graph().as_default() as graph:
        v1.placeholder(v1.uint8, name="image_tensor")
    v1.train.write_graph(graph.as_graph_def(), str(tmp_path), name, as_text=True)
    assert f"a graph as text, which holds no weights; {FROZEN}" in _refusal(tmp_path / name)


def test_a_saved_model_as_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pbtxt").write_text("saved_model_schema_version: 1\nmeta_graphs {\n}\n")
    assert "export it again as saved_model.pb" in _refusal(tmp_path / "saved_model.pbtxt")


def test_a_saved_model_is_not_read_as_a_frozen_graph(tmp_path: Path) -> None:
    (tmp_path / "model.pb").write_bytes(b"\x08\x01\x12\x02\x0a\x00")
    assert "a SavedModel, which must be frozen first" in _refusal(tmp_path / "model.pb")


@pytest.mark.parametrize("length", range(1, 40))
def test_the_beginning_of_a_graph_is_not_taken_for_anything_else(length: int) -> None:
    names = ["<html", "item {", "node {", "x" * 9, "y" * 10, "PK" * 6]
    graph_def = GraphDef()
    for name in names:
        graph_def.node.add(name=name.ljust(length), op="Placeholder")
    data = graph_def.SerializeToString()
    for end in range(len(data)):
        assert refuse_by_content(data[:end]) is None


def test_only_a_file_that_begins_like_one_is_a_saved_model(tmp_path: Path) -> None:
    save_graph(_graph_def(), tmp_path / "graph.pb")
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x02\x0a\x00")
    assert [is_saved_model(tmp_path / name) for name in ("graph.pb", "saved_model.pb", "none")] == [
        False,
        True,
        False,
    ]
