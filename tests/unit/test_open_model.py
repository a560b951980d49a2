"""From a file to the model in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitdet.errors import CutError, ModelError
from splitdet.graph import proto
from splitdet.graph.load import save_graph
from splitdet.open_model import open_model


def test_what_is_wrong_with_a_model_is_told_with_its_file(tmp_path: Path) -> None:
    graph_def = proto.GraphDef()
    graph_def.node.add(name="alone", op="NoOp")
    path = tmp_path / "strange.pb"
    save_graph(graph_def, path)
    with pytest.raises(CutError) as caught:
        open_model(path)
    assert str(caught.value).startswith(f"{path}: not a graph that splitdet knows")


def test_a_file_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "missing.pb"
    with pytest.raises(ModelError) as caught:
        open_model(path)
    assert str(caught.value).count(str(path)) == 1


def test_a_model_of_another_type_than_asked_for_is_refused(tiny_model: Path) -> None:
    assert open_model(tiny_model, "nms_v2").anchors
    with pytest.raises(CutError, match=r"frozen_inference_graph\.pb: model_type is nms_v1"):
        open_model(tiny_model, "nms_v1")
