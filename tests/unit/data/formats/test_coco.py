"""COCO JSON, measured by pycocotools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from datasets import LABELS, encoded, pixels, read, record, records, write
from splitdet.data.dataset import open_dataset
from splitdet.data.findings import Kind
from splitdet.data.records import Box
from splitdet.labels import Labels

ANNOTATION = {"id": 7, "image_id": 3, "category_id": 18, "bbox": [10.5, 20, 30, 40.25], "iscrowd": 0}
CONTENT: Dict[str, Any] = {
    "images": [{"id": 3, "file_name": "a.jpg", "width": 96, "height": 64}],
    "annotations": [ANNOTATION],
    "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}],
}


def put(folder: Path, json_file: str, picture: str, **changes: Any) -> Path:
    for path in (folder / json_file, folder / picture):
        path.parent.mkdir(parents=True, exist_ok=True)
    (folder / json_file).write_text(json.dumps({**CONTENT, **changes}))
    (folder / picture).write_bytes(encoded(pixels(0)))
    return folder


def test_corner_and_size_become_edges(tmp_path: Path) -> None:
    (one,), _ = read(put(tmp_path, "instances.json", "a.jpg"), "coco")
    assert one.boxes == (Box("dog", 10.5, 20, 40.5, 60.25),)
    assert (one.width_px, one.height_px, one.part) == (96, 64, "")


@pytest.mark.parametrize(
    ("json_file", "picture", "part"),
    [
        ("instances.json", "images/a.jpg", ""),
        ("annotations/instances_val2017.json", "val2017/a.jpg", "val"),
        ("annotations/instances_train2017.json", "images/train2017/a.jpg", "train"),
        ("annotations/instances_test.json", "images/test/a.jpg", "test"),
        ("_annotations.coco.json", "a.jpg", ""),
        ("annotations/train.json", "train/a.jpg", "train"),
    ],
)
def test_a_picture_is_found_where_people_put_it(
    tmp_path: Path, json_file: str, picture: str, part: str
) -> None:
    (one,), findings = read(put(tmp_path, json_file, picture), "coco")
    assert one.part == part
    assert not findings.counts


def test_a_file_alone_is_a_dataset(tmp_path: Path) -> None:
    put(tmp_path, "annotations/instances_val2017.json", "val2017/a.jpg")
    (one,), _ = read(tmp_path / "annotations/instances_val2017.json")
    assert (one.name, one.part) == ("a.jpg", "val")


def test_ids_of_categories_keep_their_gaps(tmp_path: Path) -> None:
    dataset = open_dataset(put(tmp_path, "instances.json", "a.jpg"))
    assert dataset.labels().names == {18: "dog"}
    labels = Labels({18: "dog", 90: "toothbrush"})
    write(tmp_path / "again", "coco", [record(0, [Box("toothbrush", 1, 2, 3, 4)])], labels)
    content = json.loads((tmp_path / "again/annotations/instances.json").read_text())
    assert [one["id"] for one in content["categories"]] == [18, 90]
    assert content["annotations"][0]["category_id"] == 90


@pytest.mark.parametrize(("first", "ids"), [(0, [1, 2]), (-3, [1, 2]), (1, [1, 2]), (5, [5, 6])])
def test_no_class_has_the_id_of_the_background(tmp_path: Path, first: int, ids: List[int]) -> None:
    names = [{"id": first, "name": "cat"}, {"id": first + 1, "name": "dog"}]
    boxes = [{**ANNOTATION, "category_id": first + 1}]
    put(tmp_path, "instances.json", "a.jpg", categories=names, annotations=boxes)
    dataset = open_dataset(tmp_path)
    assert dataset.labels().names == dict(zip(ids, ["cat", "dog"]))  # the API keeps 0 for it
    (one,), _ = read(tmp_path)
    assert [box.label for box in one.boxes] == ["dog"]


def test_a_crowd_comes_back(tmp_path: Path) -> None:
    (one,), _ = read(write(tmp_path, "coco", [record(0, [Box("cat", 1, 2, 30, 40, crowd=True)])]))
    assert one.boxes[0].crowd


def test_pycocotools_reads_what_is_written(tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    coco = COCO(str(write(tmp_path, "coco", records(3)) / "annotations/instances.json"))
    assert {one["id"]: one["name"] for one in coco.loadCats(coco.getCatIds())} == LABELS.names
    names = {one["id"]: one["file_name"] for one in coco.loadImgs(coco.getImgIds())}
    found: List[Any] = [
        (names[one["image_id"]], one["category_id"], one["bbox"])
        for one in coco.loadAnns(coco.getAnnIds())
    ]
    assert sorted(names.values()) == ["p0.jpg", "p1.jpg", "p2.jpg"]
    assert found[0] == ("p0.jpg", 1, [10, 12, 30, 24])
    assert found[1] == ("p0.jpg", 2, [48.25, 20.5, 42.5, 39.5])
    assert len(found) == 6


@pytest.mark.zoo
def test_a_part_of_coco_is_read_as_pycocotools_reads_it(shared: Path) -> None:
    from pycocotools.coco import COCO

    coco = COCO(str(shared / "coco/instances.json"))
    found, findings = read(shared / "coco")
    assert not findings.counts
    assert len(found) == len(coco.getImgIds())
    by_name = {one.name: one for one in found}
    for image in coco.loadImgs(coco.getImgIds()):
        one = by_name[image["file_name"]]
        annotations = coco.loadAnns(coco.getAnnIds(imgIds=image["id"], iscrowd=None))
        assert [box.label for box in one.boxes] == [
            coco.loadCats(annotation["category_id"])[0]["name"] for annotation in annotations
        ]
        np.testing.assert_allclose(
            [(box.xmin, box.ymin, box.width_px, box.height_px) for box in one.boxes],
            [annotation["bbox"] for annotation in annotations],
            atol=1e-9,
        )
        assert [box.crowd for box in one.boxes] == [bool(one["iscrowd"]) for one in annotations]


def test_what_is_no_list_of_objects_is_passed_over(tmp_path: Path) -> None:
    changes: Dict[str, Any] = {"annotations": [ANNOTATION, 5, None], "categories": {"id": 1}}
    (one,), _ = read(put(tmp_path, "instances.json", "a.jpg", **changes), "coco")
    assert [box.label for box in one.boxes] == ["18"]


@pytest.mark.parametrize("depth", [100_000])
def test_a_json_that_nests_too_deep_is_told(tmp_path: Path, depth: int) -> None:
    put(tmp_path, "good.json", "a.jpg")
    (tmp_path / "deep.json").write_text('{"images": [' + "[" * depth)
    found, findings = read(tmp_path, "coco")
    assert len(found) == 1
    assert findings.counts == {Kind.BROKEN_ANNOTATION: 1}
