"""Ground truth from files: read as it is written, or refused in one line."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from labelled import NAMES, write_json, write_pictures
from splitdet.errors import DataError
from splitdet.evaluate.read import read_truth

COCO: Dict[str, Any] = {
    "images": [{"id": 4, "file_name": "1.png", "width": 80, "height": 60}],
    "categories": [{"id": class_id, "name": name} for class_id, name in NAMES.items()],
    "annotations": [
        {"id": 9, "image_id": 4, "category_id": 5, "bbox": [1.5, 2, 30, 20], "area": 400, "iscrowd": 1}
    ],
}
VOC = """<annotation>
  <filename>{picture}</filename><size><width>80</width><height>60</height><depth>3</depth></size>
  <object><name>{name}</name><difficult>{difficult}</difficult>
    <bndbox><xmin>{xmin}</xmin><ymin>2</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object>
</annotation>"""


def write_voc(file: Path, picture: str = "1.png", name: str = "cat", **values: Any) -> None:
    pytest.importorskip("defusedxml")
    file.parent.mkdir(parents=True, exist_ok=True)
    text = VOC.format(**{"picture": picture, "name": name, "difficult": 0, "xmin": 10, **values})
    file.write_text(text, encoding="utf-8")


def test_a_coco_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    truth = read_truth(str(write_json(tmp_path / "some.json", COCO)))
    image = truth.images[0]
    assert (image.id, image.width_px, image.height_px) == (4, 80, 60)
    one = image.objects[0]
    assert (one.class_id, one.box_px, one.area_px, one.crowd) == (5, (1.5, 2, 30, 20), 400, True)
    assert truth.classes == NAMES


@pytest.mark.parametrize(
    ("file", "pictures"),
    [
        ("some.json", "."),
        ("some.json", "images"),
        ("annotations/instances_val2017.json", "val2017"),
        ("annotations/instances_val2017.json", "images/val2017"),
    ],
)
def test_pictures_are_found_where_coco_has_them(file: str, pictures: str, tmp_path: Path) -> None:
    write_json(tmp_path / file, COCO)
    write_pictures(tmp_path / pictures, 1)
    truth = read_truth(str(tmp_path))
    truth.check_pictures()
    assert truth.images[0].path.resolve() == (tmp_path / pictures / "1.png").resolve()


def test_the_folder_of_the_pictures_can_be_named(tmp_path: Path) -> None:
    write_pictures(tmp_path / "elsewhere", 1)
    file = write_json(tmp_path / "some.json", COCO)
    read_truth(str(file), str(tmp_path / "elsewhere")).check_pictures()
    with pytest.raises(DataError, match="nowhere: no such folder of pictures"):
        read_truth(str(file), str(tmp_path / "nowhere"))


TRIANGLE = [0, 0, 9, 0, 9, 9]


@pytest.mark.parametrize(
    ("segmentation", "segment"),
    [
        (None, None),
        ([], None),
        ([[]], None),
        ([[1, 2, 3, 4]], None),
        ([TRIANGLE], [TRIANGLE]),
        ([[], TRIANGLE, [1, 2]], [TRIANGLE]),
        ({"size": [60, 80], "counts": [4800]}, {"size": [60, 80], "counts": [4800]}),
    ],
)
def test_of_a_segmentation_the_polygons_with_an_inside_are_read(
    segmentation: Any, segment: Any, tmp_path: Path
) -> None:
    content = copy.deepcopy(COCO)
    content["annotations"][0]["segmentation"] = segmentation
    truth = read_truth(str(write_json(tmp_path / "some.json", content)))
    assert truth.images[0].objects[0].segment == segment


@pytest.mark.parametrize("layout", ["", "Annotations"])
def test_xml_files_of_voc_are_read(layout: str, tmp_path: Path) -> None:
    write_pictures(tmp_path / ("JPEGImages" if layout else ""), 2)
    write_voc(tmp_path / layout / "1.xml", name="dog")
    write_voc(tmp_path / layout / "2.xml", picture="2.png", name="cat", difficult=1)
    truth = read_truth(str(tmp_path))
    truth.check_pictures()
    assert truth.classes == {1: "cat", 2: "dog"}
    first, second = (image.objects[0] for image in truth.images)
    assert (first.class_id, first.box_px, first.difficult) == (2, (10, 2, 20, 18), False)
    assert (second.class_id, second.difficult) == (1, True)


def test_a_picture_is_found_by_the_name_of_its_xml_where_that_names_another(tmp_path: Path) -> None:
    write_pictures(tmp_path, 1)
    write_voc(tmp_path / "1.xml", picture=r"C:\cards\old_name.jpg")
    assert read_truth(str(tmp_path)).images[0].path == tmp_path / "1.png"


def test_pictures_of_class_ids_are_read_where_pixels_are_wanted(tmp_path: Path) -> None:
    write_pictures(tmp_path / "JPEGImages", 1)
    write_pictures(tmp_path / "SegmentationClass", 1)
    write_voc(tmp_path / "Annotations" / "1.xml")
    image = read_truth(str(tmp_path), of_pixels=True).images[0]
    assert image.path == tmp_path / "JPEGImages" / "1.png"
    assert image.pixels == tmp_path / "SegmentationClass" / "1.png"
    assert read_truth(str(tmp_path)).images[0].pixels is None


def _without(key: str) -> Callable[[Dict[str, Any]], Any]:
    return lambda content: content.pop(key)


def _with(where: str, **values: Any) -> Callable[[Dict[str, Any]], Any]:
    return lambda content: content[where][0].update(values)


def _with_runs(**values: Any) -> Callable[[Dict[str, Any]], Any]:
    return _with("annotations", segmentation=values)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_without("images"), "expects a list of objects under 'images'"),
        (_without("categories"), "expects a list of objects under 'categories'"),
        (lambda content: content.update(images=[]), "there is no picture with image_id 4"),
        (lambda content: content.update(images=[], annotations=[]), "no picture in this dataset"),
        (lambda content: content.update(images=2 * COCO["images"]), "two pictures have the same id"),
        (_with("images", id=None), "a picture has an id, and not None"),
        (_with("images", file_name=""), "picture 4 has no file_name"),
        (_with("categories", name=7), "a category has an id and a name"),
        (_with("annotations", category_id=99), "annotation 9: category_id 99 is not among"),
        (_with("annotations", image_id=99), "annotation 9: there is no picture with image_id 99"),
        (_with("annotations", bbox=[1, 2, 3]), "annotation 9: bbox is left, top, width and height"),
        (_with("annotations", bbox=[1, 2, -3, 4]), "annotation 9: bbox is left, top, width and height"),
        (_with("annotations", bbox=[1, 2, "3", 4]), "annotation 9: bbox is left, top, width and height"),
        (_with("annotations", bbox=[1, 2, float("nan"), 4]), "annotation 9: bbox is left, top"),
        (_with("annotations", bbox=[1, 2, 10**400, 4]), "annotation 9: bbox is left, top"),
        (_with("annotations", segmentation="a"), "annotation 9: segmentation is polygons or"),
        (_with("annotations", segmentation=[1, 2, 3, 4, 5, 6]), "annotation 9: segmentation is"),
        (_with("annotations", segmentation=[["a"] * 6]), "annotation 9: segmentation is polygons"),
        (_with("annotations", segmentation={"size": [6, 8]}), "annotation 9: segmentation is polygons"),
        (_with_runs(size=[60, 80], counts=5), "annotation 9: segmentation is polygons or run lengths"),
        (_with_runs(size="x", counts=[4800]), "annotation 9: segmentation is polygons or run lengths"),
        (_with_runs(size=[60, 80], counts="?"), "annotation 9: segmentation is polygons or run lengths"),
        (_with_runs(size=[80, 60], counts=[4800]), "9: a mask for 60x80 in a picture of 80x60"),
        (
            lambda content: content["images"].append({"id": "b", "file_name": "b.png"}),
            "some ids of pictures are numbers, others text",
        ),
    ],
)
def test_a_broken_coco_file_is_refused_in_one_line(
    spoil: Callable[[Dict[str, Any]], Any], message: str, tmp_path: Path
) -> None:
    content = copy.deepcopy(COCO)
    spoil(content)
    file = write_json(tmp_path / "some.json", content)
    with pytest.raises(DataError, match=message) as caught:
        read_truth(str(file))
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "annotation that cannot be read"),
        ("<annotation><object>", "annotation that cannot be read"),
        ("<html></html>", "begins with <html>"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><annotation/>", "XML with entities or a DTD"),
        (VOC.format(picture="1.png", name="", difficult=0, xmin=1), "box without a class"),
        (VOC.format(picture="1.png", name="cat", difficult=0, xmin="left"), "box that cannot be read"),
        (VOC.format(picture="1.png", name="cat", difficult=0, xmin="nan"), "box that cannot be read"),
        (VOC.format(picture="1.png", name="cat", difficult=0, xmin=31), "edges the wrong way round"),
    ],
)
def test_a_broken_xml_file_is_refused_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    pytest.importorskip("defusedxml")
    write_pictures(tmp_path, 1)
    (tmp_path / "1.xml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_truth(str(tmp_path))
    assert f"{tmp_path}: " in str(caught.value)
    assert "1.xml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_there_or_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        read_truth(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="no ground truth in this folder"):
        read_truth(str(tmp_path))
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="not readable as JSON"):
        read_truth(str(tmp_path))
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"more than one COCO file \(a.json, b.json\)"):
        read_truth(str(tmp_path))


def test_missing_pictures_are_counted(tmp_path: Path) -> None:
    truth = read_truth(str(write_json(tmp_path / "some.json", COCO)))
    with pytest.raises(DataError, match=r"1.png is not there \(1 of 1 pictures are missing\)"):
        truth.check_pictures()


def test_missing_pictures_of_xml_files_are_counted(tmp_path: Path) -> None:
    write_voc(tmp_path / "1.xml")
    with pytest.raises(DataError, match=r"1\.xml: 1\.png; 1 of 1 pictures are missing\); .*--images"):
        read_truth(str(tmp_path))


def test_pictures_of_xml_files_may_lie_elsewhere(tmp_path: Path) -> None:
    write_voc(tmp_path / "boxes" / "1.xml")
    write_pictures(tmp_path / "elsewhere", 1)
    truth = read_truth(str(tmp_path / "boxes"), str(tmp_path / "elsewhere"))
    assert truth.images[0].path == tmp_path / "elsewhere" / "1.png"


def test_a_dataset_without_an_object_is_refused(tmp_path: Path) -> None:
    truth = read_truth(str(write_json(tmp_path / "some.json", {**COCO, "annotations": []})))
    with pytest.raises(DataError, match="no object is labelled in any of its 1 pictures"):
        truth.check_objects()


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    truth = read_truth(str(write_json(tmp_path / "some.json", COCO)))
    assert truth.images[0].sized(80, 60) == truth.images[0]
    with pytest.raises(DataError, match="is 60x80, but its annotation is for 80x60"):
        truth.images[0].sized(60, 80)


def test_a_size_that_the_file_does_not_tell_is_filled_in(tmp_path: Path) -> None:
    content = {**COCO, "images": [{"id": 4, "file_name": "1.png"}]}
    image = read_truth(str(write_json(tmp_path / "some.json", content))).images[0]
    assert (image.width_px, image.height_px) == (0, 0)
    assert (image.sized(80, 60).width_px, image.sized(80, 60).height_px) == (80, 60)


def test_run_lengths_for_another_size_than_the_pictures_are_refused(tmp_path: Path) -> None:
    content = copy.deepcopy({**COCO, "images": [{"id": 4, "file_name": "1.png"}]})
    content["annotations"][0]["segmentation"] = {"size": [60, 80], "counts": [4800]}
    image = read_truth(str(write_json(tmp_path / "some.json", content))).images[0]
    assert image.sized(80, 60).width_px == 80
    with pytest.raises(DataError, match=r"1\.png: is 81x60, but its annotation is for 80x60"):
        image.sized(81, 60)


def test_a_name_that_is_too_long_for_a_file_is_a_missing_picture(tmp_path: Path) -> None:
    content = {**COCO, "images": [{"id": 4, "file_name": 300 * "a" + ".png"}]}
    truth = read_truth(str(write_json(tmp_path / "some.json", content)))
    with pytest.raises(DataError, match=r"a\.png is not there \(1 of 1 pictures are missing\)"):
        truth.check_pictures()
