"""Where a model is looked for, and what is known of it there."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_folders import QUANTIZED, put
from places import MODEL
from splitdet.errors import ModelError
from splitdet.zoo.find import GRAPH_FILE, find_model, model_files, own_models
from splitdet.zoo.manifest import MANIFEST_FILE

pytestmark = pytest.mark.usefixtures("working_folder")


@pytest.mark.parametrize("name", ["mine", "models/mine", "models/mine/" + GRAPH_FILE])
def test_a_model_is_found_by_name_by_folder_and_by_file(name: str) -> None:
    graph = put("models/mine/" + GRAPH_FILE)
    assert find_model(name) == graph


def test_a_folder_outside_models_is_found(tmp_path: Path) -> None:
    graph = put("elsewhere/" + GRAPH_FILE)
    assert find_model(str(tmp_path / "elsewhere")) == tmp_path / graph


def test_a_folder_without_a_graph_does_not_hide_the_one_under_models() -> None:
    Path("mine").mkdir()
    graph = put("models/mine/" + GRAPH_FILE)
    assert find_model("mine") == graph


def test_the_only_graph_of_a_folder_is_taken_whatever_its_name() -> None:
    graph = put("models/mine/detector.pb")
    put("models/mine/saved_model/saved_model.pb")
    assert find_model("mine") == graph


def test_the_usual_name_is_taken_before_others() -> None:
    put("models/mine/another.pb")
    graph = put("models/mine/" + GRAPH_FILE)
    assert find_model("mine") == graph


def test_an_onnx_file_is_taken_where_there_is_no_graph() -> None:
    network = put("models/mine/ssd.onnx")
    assert find_model("mine") == find_model("models/mine/ssd.onnx") == network
    assert own_models() == ["mine"]
    graph = put("models/mine/detector.pb")
    assert find_model("mine") == graph


def test_several_onnx_files_are_refused_with_their_names() -> None:
    put("models/mine/a.onnx")
    put("models/mine/b.onnx")
    with pytest.raises(ModelError, match=r"more than one graph \(a\.onnx, b\.onnx\)"):
        find_model("mine")
    assert own_models() == ["mine"]


def test_several_graphs_and_no_manifest_are_refused_with_their_names() -> None:
    put("models/mine/a.pb")
    put("models/mine/b.pb")
    with pytest.raises(ModelError, match=r"models.mine: more than one graph \(a\.pb, b\.pb\)"):
        find_model("mine")


@pytest.mark.parametrize("saved", ["saved_model.pb", "saved_model/saved_model.pb"])
def test_a_saved_model_is_taken_where_there_is_no_frozen_graph(saved: str) -> None:
    graph = put("models/mine/" + saved)
    assert find_model("mine") == graph


def test_a_frozen_graph_is_taken_before_the_saved_model_beside_it() -> None:
    put("models/mine/saved_model/saved_model.pb")
    graph = put("models/mine/" + GRAPH_FILE)
    assert find_model("mine") == graph


def test_a_manifest_names_one_of_several_graphs() -> None:
    put("models/mine/a.pb")
    graph = put("models/mine/b.pb")
    put("models/mine/" + MANIFEST_FILE, "graph: b.pb\nmodel_type: nms_v1\n")
    files = model_files("mine")
    assert files.graph == graph
    assert files.manifest is not None
    assert files.manifest.model_type == "nms_v1"


def test_a_manifest_holds_for_its_graph_named_directly() -> None:
    graph = put("models/mine/b.pb")
    put("models/mine/" + MANIFEST_FILE, "graph: b.pb\n")
    manifest = model_files(str(graph)).manifest
    assert manifest is not None
    assert manifest.name == "mine"


def test_a_manifest_does_not_hold_for_another_graph_beside_it() -> None:
    graph = put("models/mine/a.pb")
    put("models/mine/b.pb")
    put("models/mine/" + MANIFEST_FILE, "graph: b.pb\n")
    assert model_files(str(graph)).manifest is None


def test_a_manifest_of_ones_own_is_taken_before_that_of_the_zoo() -> None:
    put(f"models/{MODEL}/{GRAPH_FILE}")
    put(f"models/{MODEL}/{MANIFEST_FILE}", "labels: one_class\n")
    manifest = model_files(MODEL).manifest
    assert manifest is not None
    assert manifest.labels == "one_class"


@pytest.mark.parametrize("name", [MODEL, "models/" + MODEL, f"models/{MODEL}/{GRAPH_FILE}"])
def test_a_model_of_the_zoo_is_known_by_the_name_of_its_folder(name: str) -> None:
    put(f"models/{MODEL}/{GRAPH_FILE}")
    manifest = model_files(name).manifest
    assert manifest is not None
    assert manifest.name == MODEL


def test_of_a_folder_with_another_name_nothing_is_known() -> None:
    put("models/mine/" + GRAPH_FILE)
    assert model_files("mine").manifest is None


@pytest.mark.parametrize("wanted", ["03", "18"])
@pytest.mark.parametrize("installed", ["03", "18"])
@pytest.mark.parametrize("form", ["{}", "models/{}", "models/{}/" + GRAPH_FILE])
def test_a_model_with_two_names_is_found_under_either(wanted: str, installed: str, form: str) -> None:
    graph = put(f"models/{QUANTIZED}{installed}/{GRAPH_FILE}")
    files = model_files(form.format(QUANTIZED + wanted))
    assert files.graph == graph
    assert files.manifest is not None


def test_a_graph_that_is_still_to_be_fetched_is_told_with_the_command() -> None:
    put("models/mine/" + MANIFEST_FILE, "graph: my.pb\nurl: https://host/my.pb\n")
    with pytest.raises(ModelError, match=r"my\.pb is not there; try: splitdet models get mine$"):
        find_model("mine")


def test_a_manifest_without_graph_and_address_is_told_what_it_lacks() -> None:
    put("models/mine/" + MANIFEST_FILE, "graph: my.pb\n")
    with pytest.raises(ModelError, match=r"manifest\.yml: my\.pb is not there; put it there, or say"):
        find_model("mine")


@pytest.mark.parametrize("name", [MODEL, "models/" + MODEL, f"models/{MODEL}/{GRAPH_FILE}"])
def test_a_model_that_is_not_there_is_told_with_the_command(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(name)
    where = f" in {Path('models').absolute()}" if name == MODEL else ""
    assert str(caught.value) == f"{name}: no such model{where}; try: splitdet models get {MODEL}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no/such/graph.pb", "no/such/graph.pb: no such file or folder"),
        ("nosuch", "nosuch: no such model (splitdet models list)"),
        (MODEL + "x", f"{MODEL}x: no such model; did you mean {MODEL}? (splitdet models list)"),
    ],
)
def test_a_name_of_no_model_is_not_sent_to_the_zoo(name: str, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(name)
    assert str(caught.value) == words


def test_an_empty_name_is_no_model() -> None:
    put(GRAPH_FILE)
    with pytest.raises(ModelError, match="no such model"):
        find_model("")


def test_a_folder_with_a_checkpoint_is_told_as_such() -> None:
    put("models/mine/model.ckpt.index")
    with pytest.raises(ModelError, match="mine: this is a folder with a checkpoint"):
        find_model("mine")


def test_own_models_are_folders_with_a_graph_or_a_manifest() -> None:
    put(f"models/{MODEL}/{GRAPH_FILE}")
    put(f"models/{QUANTIZED}03/{GRAPH_FILE}")
    put("models/with_graph/my.pb")
    put("models/with_manifest/" + MANIFEST_FILE)
    put("models/with_saved_model/saved_model/saved_model.pb")
    put("models/labels/map.txt")
    put("models/.downloads/x.pb")
    put("models/loose.pb")
    assert own_models() == ["with_graph", "with_manifest", "with_saved_model"]


def test_without_a_folder_models_there_are_no_own_models() -> None:
    assert own_models() == []
