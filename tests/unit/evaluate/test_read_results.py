"""Results from files: COCO's, and the JSON lines of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from labelled import SIZE_PX, dataset, true, write_json
from splitdet.errors import DataError
from splitdet.evaluate.found import FoundObject
from splitdet.evaluate.read_results import read_results
from splitdet.rle import as_text

TRUTH = dataset([true(1, 0, 0, 9, 9)], [true(2, 0, 0, 9, 9)])
TURNED = {"size": [80, 60], "counts": [4800]}
RESULT = {"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}


def lines(path: Path, *records: Dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def line(source: str, *detections: Dict[str, Any]) -> Dict[str, Any]:
    height, width = SIZE_PX
    return {"source": source, "width": width, "height": height, "detections": list(detections)}


def detection(label: str, class_id: int = 17) -> Dict[str, Any]:
    return {"box": [0.5, 0.25, 1.0, 0.75], "score": 0.75, "class_id": class_id, "label": label}


def test_coco_results_are_read_and_other_classes_left_out(tmp_path: Path) -> None:
    file = write_json(tmp_path / "found.json", [RESULT, {**RESULT, "category_id": 90}])
    assert read_results(file, TRUTH) == [FoundObject(1, 2, (1, 2, 3, 4), 0.5)]


def test_json_lines_are_read_by_label(tmp_path: Path) -> None:
    file = lines(tmp_path / "a.jsonl", line("x/1.png", detection("cat"), detection("zebra", 24)))
    assert read_results(file, TRUTH) == [FoundObject(1, 1, (20, 30, 40, 30), 0.75)]


def test_json_lines_without_names_are_read_by_number(tmp_path: Path) -> None:
    file = lines(tmp_path / "a.jsonl", line("2.png", detection("2", 2)))
    assert [(one.image_id, one.class_id) for one in read_results(file, TRUTH)] == [(2, 2)]


def test_frames_in_which_nothing_was_found_are_fine(tmp_path: Path) -> None:
    assert read_results(lines(tmp_path / "a.jsonl", line("1.png")), TRUTH) == []
    assert read_results(write_json(tmp_path / "found.json", []), TRUTH) == []


def test_masks_of_both_formats_are_read(tmp_path: Path) -> None:
    mask = {"size": [60, 80], "counts": as_text([100, 50, 4650])}
    file = lines(tmp_path / "a.jsonl", line("1.png", {**detection("cat"), "mask": mask}))
    assert read_results(file, TRUTH)[0].mask == mask
    file = write_json(tmp_path / "found.json", [{**RESULT, "segmentation": mask}])
    assert read_results(file, TRUTH)[0].mask == mask


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{**RESULT, "image_id": 7}], "result 1: some.json has no picture with image_id 7"),
        ([RESULT, {**RESULT, "score": None}], "result 2: needs category_id, score, and bbox"),
        ([{**RESULT, "bbox": "1 2 3 4"}], "result 1: needs category_id, score, and bbox"),
        ([{**RESULT, "bbox": [1, 2, 3, 10**400]}], "result 1: needs category_id, score, and bbox"),
        ([7], "result 1: expects an object, and not 7"),
        ([{**RESULT, "segmentation": {"size": [60, 80], "counts": 5}}], "result 1: a mask is size and"),
        ([{**RESULT, "segmentation": {"size": "x", "counts": [4800]}}], "result 1: a mask is size and"),
        ([{**RESULT, "segmentation": TURNED}], "result 1: a mask for 60x80 in a picture of 80x60"),
    ],
)
def test_broken_coco_results_are_refused_in_one_line(
    content: List[Any], message: str, tmp_path: Path
) -> None:
    file = write_json(tmp_path / "found.json", content)
    with pytest.raises(DataError, match=message) as caught:
        read_results(file, TRUTH)
    assert str(caught.value).startswith(str(file))


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([line("1.png"), line("7.png")], ":2: some.json has no picture 7.png"),
        ([{**line("1.png"), "width": 60}], "is 60x60, but its annotation is for 80x60"),
        ([{"source": "1.png"}], ":1: not a line of a run's --json"),
        ([{**line("1.png"), "width": float("inf")}], ":1: not a line of a run's --json"),
        ([line("1.png", {**detection("cat"), "box": [1, 2]})], ":1: not a line of a run's --json"),
        ([line("1.png", {**detection("cat"), "score": float("nan")})], ":1: .*score is "),
        ([line("1.png", {**detection("cat"), "mask": {"size": 5}})], ":1: a mask is size and counts"),
        ([line("1.png", {**detection("cat"), "mask": TURNED})], ":1: a mask for 60x80 in a picture of"),
        ([], "empty; expects COCO's results, or the JSON lines"),
        ([line("1.png", detection("zebra"))], "are none of the model's"),
    ],
)
def test_broken_json_lines_are_refused_in_one_line(
    records: List[Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        read_results(lines(tmp_path / "a.jsonl", *records), TRUTH)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:1: not readable as JSON"):
        read_results(tmp_path / "a.jsonl", TRUTH)
    with pytest.raises(DataError, match="No such file"):
        read_results(tmp_path / "b.jsonl", TRUTH)
