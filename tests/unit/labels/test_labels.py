"""Class ids to names."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Set

import numpy as np
import pytest

from splitdet.errors import ConfigError
from splitdet.labels import SHIPPED, WELL_KNOWN, Labels, load_labels

ITEM = 'item {\n  name: "/m/01g317"\n  id: 1\n  display_name: "person"\n}\n'


def _file(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("class_id", "name"),
    # from the Object Detection API's mscoco_label_map.pbtxt; 12 is one of its gaps
    [(1, "person"), (3, "car"), (13, "stop sign"), (44, "bottle"), (90, "toothbrush"), (12, "12")],
)
def test_the_empty_path_gives_the_names_of_coco(class_id: int, name: str) -> None:
    assert load_labels("")[class_id] == name


def test_coco_has_eighty_classes() -> None:
    assert len(load_labels("")) == 80


@pytest.mark.parametrize(
    ("name", "classes", "examples"),
    [
        # the 21 classes of the Pascal VOC challenge, background first, as DeepLab counts them
        ("pascal_voc", 21, {0: "background", 1: "aeroplane", 8: "cat", 15: "person", 20: "tvmonitor"}),
        # from the Object Detection API's oid_v4_label_map.pbtxt
        ("open_images", 601, {1: "Tortoise", 69: "Person", 212: "Horn", 571: "Car", 601: "Helmet"}),
        # from its oid_bbox_trainable_label_map.pbtxt
        ("open_images_545", 545, {1: "Person", 4: "Face", 269: "studio couch", 545: "Flashlight"}),
        # from its pet_label_map.pbtxt
        ("pets", 37, {1: "Abyssinian", 26: "pug", 37: "yorkshire_terrier"}),
        # from its face_label_map.pbtxt
        ("face", 1, {1: "face"}),
        ("one_class", 1, {1: "object"}),
    ],
)
def test_a_shipped_map_has_the_ids_of_its_data_set(
    name: str, classes: int, examples: Dict[int, str]
) -> None:
    labels = load_labels(name)
    assert len(labels) == classes
    assert {number: labels[number] for number in examples} == examples


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_map_is_known_with_its_suffix_and_without(name: str) -> None:
    assert load_labels(name).names == load_labels(name + ".json").names


def test_a_file_without_suffix_never_hides_a_shipped_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(tmp_path, "pets", "cat\n")
    monkeypatch.chdir(tmp_path)
    assert len(load_labels("pets")) == 37


@pytest.mark.parametrize("name", sorted(WELL_KNOWN))
def test_every_well_known_name_stands_for_a_shipped_map(name: str) -> None:
    assert load_labels("nowhere/" + name).names == load_labels(WELL_KNOWN[name]).names


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("pascal-voc", "pascal_voc"),
        ("COCO", "coco"),
        ("openimages.json", "open_images"),
        ("mscoco_lable_map.pbtxt", "mscoco_label_map.pbtxt"),
    ],
)
def test_a_name_that_is_nearly_right_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_labels(name)
    assert f"{name}: no such file; did you mean {nearest}?" in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere/my_label_map.pbtxt", "vehicles.txt"])
def test_a_name_of_its_own_is_refused_with_the_shipped_ones(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_labels(name)
    assert "did you mean" not in str(caught.value)
    assert str(caught.value).endswith("(shipped: {})".format(", ".join(SHIPPED)))


def test_a_well_known_map_that_is_not_there_is_replaced_by_ours() -> None:
    assert load_labels("models/labels/mscoco_label_map.pbtxt").names == load_labels("").names


def test_a_well_known_name_that_is_there_is_read(tmp_path: Path) -> None:
    file = _file(tmp_path, "mscoco_label_map.pbtxt", "item { id: 5 name: 'kite' }")
    assert load_labels(file).names == {5: "kite"}


@pytest.mark.parametrize(
    ("name", "content", "names"),
    [
        ("a.pbtxt", ITEM, {1: "person"}),
        ("a.PBTXT", ITEM, {1: "person"}),
        ("a.pbtxt", "item { id: 3 name: 'car' } item{id:7 name:'train'}", {3: "car", 7: "train"}),
        ("a.pbtxt", "# item { id: 9 name: 'no' }\n" + ITEM, {1: "person"}),
        ("a.pbtxt", "\ufeff" + ITEM, {1: "person"}),
        ("a.json", '{"1": "person", "44": "bottle"}', {1: "person", 44: "bottle"}),
        ("a.json", '["person", "car"]', {1: "person", 2: "car"}),
        ("a.txt", "person\ncar\n", {1: "person", 2: "car"}),
        ("a.txt", "person\r\n\r\n  bus  \r\n", {1: "person", 3: "bus"}),
        ("a.txt", "Straße\n", {1: "Straße"}),
        ("a.txt", "BACKGROUND\nperson\ncar\n", {1: "person", 2: "car"}),
        ("a.txt", "background\nperson", {1: "person"}),
        ("a.txt", "person\nbackground", {1: "person", 2: "background"}),
    ],
)
def test_a_map_is_read(tmp_path: Path, name: str, content: str, names: Dict[int, str]) -> None:
    assert load_labels(_file(tmp_path, name, content)).names == names


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pbtxt", "item { id: 1 name: 'person' } item { id: 3 name: 'car' }"),
        ("a.json", '{"1": "person", "3": "car"}'),
        ("a.txt", "person\n\ncar\n"),
    ],
)
def test_three_formats_give_one_table_and_keep_its_gaps(tmp_path: Path, name: str, content: str) -> None:
    labels = load_labels(_file(tmp_path, name, content))
    assert labels.names == {1: "person", 3: "car"}
    assert labels[2] == "2"


def test_an_id_without_a_name_is_called_by_its_number() -> None:
    assert Labels({1: "person"})[2] == "2"


def test_an_id_of_numpy_finds_its_name() -> None:
    assert Labels({1: "person"})[np.int64(1)] == "person"


@pytest.mark.parametrize(
    ("name", "content", "fragment"),
    [
        ("a.pbtxt", b"", "no class in this label map"),
        ("a.pbtxt", b"nothing of the kind", "line 1 is not of the form"),
        ("a.pbtxt", b"item { name: 'car' }", "item 1 has no id or no name"),
        ("a.pbtxt", ITEM.encode() + b"item { id: 2 }", "item 2 has no id or no name"),
        ("a.pbtxt", b"item { id: one name: 'car' }", "not a label map"),
        ("a.pbtxt", b"\x80\x81\xff\x00", "not a label map"),
        ("a.json", b"", "not a label map"),
        ("a.json", b'{"1": "person"', "not a label map"),
        ("a.json", b"{}", "no class in this label map"),
        ("a.json", b"[]", "no class in this label map"),
        ("a.json", b"3", "expects an object of id to name"),
        ("a.json", 100000 * b"[", "not a label map"),
        ("a.json", b'{"person": 1}', "not a label map"),
        ("a.txt", b"", "no class in this label map"),
        ("a.txt", b"\n \n", "no class in this label map"),
        ("a.txt", b"person\x00car", "binary data"),
        ("a.csv", b"1,person\n", "expects a .pbtxt, .json or .txt file"),
        ("labels", b"person\n", "expects a .pbtxt, .json or .txt file"),
    ],
)
def test_what_is_not_a_map_is_refused(tmp_path: Path, name: str, content: bytes, fragment: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_labels(tmp_path / name)
    assert str(caught.value).startswith(f"label_path: {tmp_path / name}: ")
    assert fragment in str(caught.value)


@pytest.mark.parametrize("name", ["none.pbtxt", "none.txt", "."])
def test_a_map_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"label_path: .*: no such file"):
        load_labels(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "names"),
    # all of it is protobuf's text format, which the Object Detection API reads these maps with
    [
        pytest.param("item { id: 1 name: 'it\\'s' }", {1: "it's"}, id="escaped quote"),
        pytest.param("item { id: 1 # not id: 7\n name: 'a' }", {1: "a"}, id="comment behind a field"),
        pytest.param("item { id: 1 name: 'a}b' }", {1: "a}b"}, id="brace in a name"),
        pytest.param("item: { id: 1, name: 'a' }", {1: "a"}, id="colon and comma"),
    ],
)
def test_a_map_in_an_unusual_style_is_read(tmp_path: Path, content: str, names: Dict[int, str]) -> None:
    assert load_labels(_file(tmp_path, "a.pbtxt", content)).names == names


def test_a_map_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load_labels(_file(tmp_path, "a.pbtxt", ITEM + "item {\n  id: 2\n  name: 'bicyc"))


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (["person"], {1}),
        (["Person", "DOG"], {1, 18}),
        ([3], {3}),
        (["bicycle", 2, 2], {2}),
        ([], set()),
    ],
)
def test_classes_are_found_by_name_and_by_id(wanted: List[Any], ids: Set[int]) -> None:
    assert load_labels("coco").ids(wanted) == ids


def test_a_name_that_two_classes_share_means_both() -> None:
    assert Labels({1: "cup", 4: "cup", 5: "bowl"}).ids(["cup"]) == {1, 4}


def test_without_names_any_id_is_a_class() -> None:
    assert Labels({}).ids([7]) == {7}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("persn", "classes: the model has no class 'persn'; did you mean 'person'?"),
        ("zzzzzz", "classes: the model has no class 'zzzzzz'"),
        (12, "classes: the model has no class 12"),
    ],
)
def test_an_unknown_class_is_one_line_with_the_nearest_name(wanted: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_labels("coco").ids([wanted])
    assert str(caught.value) == message


@pytest.mark.parametrize("wanted", ["persn", 7])
def test_few_classes_are_listed_where_none_has_a_name_like_it(wanted: Any) -> None:
    with pytest.raises(ConfigError, match=r"the model has no class '?\w+'?; it has circle, triangle$"):
        Labels({1: "circle", 2: "triangle"}).ids([wanted])
