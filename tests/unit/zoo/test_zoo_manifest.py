"""What manifests may say, those of the zoo and the user's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from splitdet.errors import ModelError
from splitdet.labels import SHIPPED, load_labels
from splitdet.zoo.manifest import (
    MANIFEST_FILE,
    KeptAspect,
    label_path,
    load_manifest,
    names,
    read_manifest,
    same_model,
)

QUANTIZED = "ssd_mobilenet_v1_0.75_depth_quantized_300x300_coco14_sync_2018_07_"


def _own(folder: Path, text: str) -> Path:
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", names())
def test_a_manifest_of_the_zoo_is_complete(name: str) -> None:
    manifest = load_manifest(name)
    assert manifest.url.startswith("https://")
    assert manifest.url.endswith(f"/{name}.tar.gz")
    assert manifest.labels in SHIPPED
    assert manifest.model_type != "auto"
    assert manifest.input_size_px
    assert manifest.licence == "Apache-2.0"
    assert manifest.notes


@pytest.mark.zoo
def test_sums_and_sizes_are_those_that_were_published(shared: Path) -> None:
    published = json.loads((shared / "zoo" / "checksums.json").read_text(encoding="utf-8"))["archives"]
    assert sorted(published) == names()
    for name, facts in published.items():
        sums = [f"{kind}:{facts[kind]}" for kind in ("sha256", "sha384", "sha1") if kind in facts]
        manifest = load_manifest(name)
        assert (manifest.hash, manifest.archive_bytes) == (next(iter(sums), None), facts.get("size"))


@pytest.mark.parametrize(
    ("name", "anchors", "size"),
    # anchors as the graphs have them, sizes as the constants of their preprocessors
    [
        ("ssdlite_mobilenet_v2_coco_2018_05_09", 1917, (300, 300)),
        ("ssd_mobilenet_v1_ppn_shared_box_predictor_300x300_coco14_sync_2018_07_03", 3000, (300, 300)),
        ("ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync_2018_07_03", 51150, (640, 640)),
        ("faster_rcnn_resnet50_coco_2018_01_28", None, KeptAspect(1024, 600)),
        ("mask_rcnn_inception_v2_coco_2018_01_28", None, KeptAspect(1365, 800)),
        ("deeplabv3_mnv2_pascal_train_aug_2018_01_29", None, KeptAspect(513)),
    ],
)
def test_a_manifest_knows_anchors_and_input_size(name: str, anchors: Any, size: Any) -> None:
    manifest = load_manifest(name)
    assert (manifest.anchors, manifest.input_size_px) == (anchors, size)


@pytest.mark.parametrize("date", ["03", "18"])
def test_a_model_with_two_names_has_one_manifest(date: str) -> None:
    assert load_manifest(QUANTIZED + date).name == QUANTIZED + "18"


def test_the_names_of_a_model_begin_with_the_published_one() -> None:
    assert same_model(QUANTIZED + "03") == (QUANTIZED + "18", QUANTIZED + "03")


def test_a_name_that_is_not_of_the_zoo_has_no_others() -> None:
    assert same_model("my_model") == ()


def test_a_manifest_of_ones_own_may_say_everything(tmp_path: Path) -> None:
    (tmp_path / "map.txt").write_text("cat\n", encoding="utf-8")
    manifest = read_manifest(
        _own(
            tmp_path,
            "graph: my.pb\nmodel_type: NMS_V2\nlabels: map.txt\nurl: https://host/my.pb\n"
            f"hash: sha256:{'0' * 64}\ninput_size_px: [320, 512]\nanchors: 2034\n"
            "licence: MIT\nnotes: only cats\n",
        )
    )
    assert (manifest.name, manifest.folder) == (tmp_path.name, tmp_path)
    assert (manifest.graph, manifest.model_type) == ("my.pb", "nms_v2")
    assert (manifest.url, manifest.hash) == ("https://host/my.pb", "sha256:" + "0" * 64)
    assert (manifest.input_size_px, manifest.anchors) == ((320, 512), 2034)
    assert (manifest.licence, manifest.notes) == ("MIT", "only cats")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "labels:\nurl:\n", "\ufefflabels:\n"])
def test_a_manifest_of_ones_own_may_say_nothing(tmp_path: Path, text: str) -> None:
    manifest = read_manifest(_own(tmp_path, text))
    assert (manifest.model_type, manifest.graph, label_path(manifest)) == ("auto", "", "")


def test_the_working_directory_may_have_a_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_own(tmp_path, ""))
    assert read_manifest(Path(".")).name == tmp_path.name


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("{short_side: 600, long_side: 1024}", KeptAspect(1024, 600)),
        ("{long_side: 513}", KeptAspect(513)),
        ("[300, 400]", (300, 400)),
    ],
)
def test_an_input_size_is_exact_or_keeps_the_ratio(tmp_path: Path, text: str, size: Any) -> None:
    assert read_manifest(_own(tmp_path, f"input_size_px: {text}\n")).input_size_px == size


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("label: coco", "unknown key 'label'; did you mean labels?"),
        ("1: coco", "unknown key 1"),
        ("name: mine", "unknown key 'name'"),
        ("folder: /tmp", "unknown key 'folder'"),
        ("aliases: [other]", "unknown key 'aliases'"),
        ("second_source: {folder: x, npm_package: y, sha256: {}}", "unknown key 'second_source'"),
        ("anchors: many", "anchors: expects a whole number of at least 1, got 'many'"),
        ("anchors: 0", "anchors: expects a whole number of at least 1, got 0"),
        ("anchors: true", "anchors: expects a whole number of at least 1, got True"),
        ("notes: 7", "notes: expects text, got 7"),
        ("labels: [coco]", "labels: expects text, got ['coco']"),
        ("labels: cocoo", "labels: cocoo: no such file; did you mean coco?"),
        ("labels: map.txt", "labels: map.txt: no such file (shipped: coco, "),
        ("model_type: nms2", "got 'nms2'; did you mean nms_v2?"),
        ("graph: ../other.pb", "graph: expects a file in this folder, got '../other.pb'"),
        ("graph: a/../../other.pb", "graph: expects a file in this folder"),
        ("graph: /other.pb", "graph: expects a file in this folder"),
        ("graph: 'C:other.pb'", "graph: expects a file in this folder"),
        ("graph: '..\\other.pb'", "graph: expects a file in this folder"),
        ("labels: ../map.txt", "labels: expects a file in this folder"),
        ("url: file:///etc/passwd", "url: expects https://.., got 'file:///etc/passwd'"),
        ("url: https://", "url: expects https://.."),
        ("hash: 0123", "hash: expects text, got 83"),
        ("hash: sha256:0123", "hash: expects sha256: and 64 hexadecimal digits, got 'sha256:0123'"),
        ("hash: crc32:01234567", "hash: expects sha256: and 64 hexadecimal digits"),
        ("input_size_px: 300", "input_size_px: expects [height, width] or {short_side: 600,"),
        ("input_size_px: [300]", "input_size_px: expects [height, width]"),
        ("input_size_px: [300, 0]", "input_size_px: expects [height, width]"),
        ("input_size_px: [300, 300, 3]", "input_size_px: expects [height, width]"),
        ("input_size_px: {short_side: 600}", "input_size_px: expects [height, width]"),
        ("input_size_px: {long_side: 600, side: 1}", "input_size_px: expects [height, width]"),
        ("- labels", "expects lines of the form 'key: value'"),
        ("labels: [", ":1: not YAML"),
    ],
)
def test_what_a_manifest_may_not_say_is_one_line_with_file_and_key(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(ModelError) as caught:
        read_manifest(_own(tmp_path, text))
    assert str(caught.value).startswith(str(tmp_path / MANIFEST_FILE))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_manifest_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="not YAML"):
        read_manifest(tmp_path)


def test_labels_that_lie_beside_a_manifest_are_taken_before_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "coco.json").write_text('{"5": "kite"}', encoding="utf-8")
    manifest = read_manifest(_own(tmp_path, "labels: coco.json"))
    assert load_labels(label_path(manifest)).names == {5: "kite"}


def test_shipped_labels_of_a_manifest_are_not_those_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "coco.json").write_text('{"5": "kite"}', encoding="utf-8")
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    manifest = read_manifest(_own(tmp_path / "model", "labels: coco"))
    assert len(load_labels(label_path(manifest))) == 80


def test_without_a_manifest_there_is_no_label_path() -> None:
    assert label_path(None) == ""
