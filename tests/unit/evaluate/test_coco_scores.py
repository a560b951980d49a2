"""COCO's figures: those of pycocotools, and known ones."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import cv2
import numpy as np
import pytest

from labelled import NAMES, SIZE_PX, dataset, found, random_coco, true, write_json

pytest.importorskip("pycocotools")
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from splitdet.errors import DataError
from splitdet.evaluate.coco_scores import NAMES as FIGURES
from splitdet.evaluate.coco_scores import coco_scores
from splitdet.evaluate.read_coco import read_coco
from splitdet.evaluate.read_results import read_results


def directly(truth: Path, results: Path, kind: str = "bbox") -> COCOeval:
    """What pycocotools itself makes of the files."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(truth))
        evaluation = COCOeval(coco, coco.loadRes(str(results)), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


@pytest.mark.parametrize("seed", range(4))
def test_all_figures_are_those_of_pycocotools(seed: int, tmp_path: Path) -> None:
    content, results = random_coco(seed)
    files = write_json(tmp_path / "true.json", content), write_json(tmp_path / "found.json", results)
    expected = directly(*files)
    truth = read_coco(files[0])
    scores = coco_scores(truth, read_results(files[1], truth))
    assert list(scores.figures.values()) == pytest.approx(expected.stats.tolist(), abs=1e-6)
    assert 0.1 < expected.stats[0] < 0.9
    for place, class_id in enumerate(sorted(NAMES)):
        precision = expected.eval["precision"][:, :, place, 0, 2]
        assert scores.by_class[class_id]["AP"] == pytest.approx(precision.mean(), abs=1e-6)
        assert scores.by_class[class_id]["AP50"] == pytest.approx(precision[0].mean(), abs=1e-6)


def test_ids_of_pictures_may_be_text(tmp_path: Path) -> None:
    content, results = random_coco(0)
    scores = []
    for to_id in (int, "picture {:03d}".format):
        for one in content["images"]:
            one["id"] = to_id(one["id"])
        for one in [*content["annotations"], *results]:
            one["image_id"] = to_id(one["image_id"])
        truth = read_coco(write_json(tmp_path / "true.json", content))
        found_ones = read_results(write_json(tmp_path / "found.json", results), truth)
        scores.append(coco_scores(truth, found_ones).figures)
    assert scores[0] == scores[1]


def test_boxes_that_are_right_give_one() -> None:
    truth = dataset([true(1, 5, 5, 30, 40), true(2, 40, 10, 20, 20)], [true(1, 0, 0, 10, 10)])
    everything = [
        found(image.id, one.class_id, 0.9, *one.box_px)
        for image in truth.images
        for one in image.objects
    ]
    figures = coco_scores(truth, everything).figures
    assert (figures["AP"], figures["AP50"], figures["AR100"]) == pytest.approx((1, 1, 1))


def test_a_box_that_overlaps_by_three_quarters_is_right_at_six_of_ten_thresholds() -> None:
    truth = dataset([true(1, 0, 0, 40, 40)])
    figures = coco_scores(truth, [found(1, 1, 0.9, 0, 0, 40, 30)]).figures  # IoU 0.75
    assert figures["AP"] == pytest.approx(0.6)
    assert figures["AP75"] == pytest.approx(1.0)


def test_an_object_that_is_found_twice_is_found_once() -> None:
    truth = dataset([true(1, 0, 0, 40, 40), true(1, 40, 20, 30, 30)])
    twice = [found(1, 1, score, 0, 0, 40, 40) for score in (0.9, 0.8)]
    # recall ends at a half: 51 of the 101 points have precision 1, the others none
    assert coco_scores(truth, twice).figures["AP"] == pytest.approx(51 / 101)


def test_nothing_found_gives_zero() -> None:
    scores = coco_scores(dataset([true(1, 0, 0, 40, 40)]), [])
    assert scores.figures["AP"] == 0
    assert scores.by_class[1] == {"AP": 0, "AP50": 0}


def test_a_class_without_objects_has_no_figure() -> None:
    scores = coco_scores(dataset([true(1, 0, 0, 40, 40)]), [found(1, 2, 0.9, 0, 0, 9, 9)])
    assert scores.by_class[2] == {"AP": None, "AP50": None}
    assert scores.figures["AP_large"] is None  # 40 x 40 is of medium size


def test_crowds_cost_nothing() -> None:
    truth = dataset([true(1, 0, 0, 20, 20), true(1, 30, 0, 50, 50, crowd=True)])
    some = [found(1, 1, 0.5, 0, 0, 20, 20), found(1, 1, 0.9, 35, 5, 10, 10)]
    assert coco_scores(truth, some).figures["AP"] == pytest.approx(1)


def test_every_figure_has_its_name() -> None:
    assert len(FIGURES) == len(set(FIGURES)) == 12
    truth = dataset([true(1, 0, 0, 40, 40)])
    figures = coco_scores(truth, [found(1, 1, 0.9, 0, 0, 40, 40)]).figures
    assert {name for name, value in figures.items() if value is None} == {
        *("AP_small", "AP_large", "AR_small", "AR_large")
    }
    assert np.isclose(figures["AP_medium"] or 0, 1)


SIDE_PX = 200


def run_lengths(*corners: int) -> Dict[str, Any]:
    """The mask of a line of 3 pixels' width, as a file of results has it."""
    pixels = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.line(pixels, corners[:2], corners[2:], 1, 3)
    runs = coco_mask.encode(np.asfortranarray(pixels))
    return {"size": runs["size"], "counts": runs["counts"].decode()}


def test_sizes_of_masks_are_those_of_pycocotools_without_boxes(tmp_path: Path) -> None:
    down, up = run_lengths(5, 5, 195, 195), run_lengths(5, 195, 195, 5)
    box = [3, 3, 194, 194]
    assert coco_mask.area(down) < 32**2  # small to COCO
    assert box[2] * box[3] > 96**2  # large
    content = {
        "images": [{"id": 1, "file_name": "1.png", "width": SIDE_PX, "height": SIDE_PX}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "bbox": box,
                "iscrowd": 0,
                "segmentation": down,
                "area": float(coco_mask.area(down)),
            }
        ],
    }
    results: List[Dict[str, Any]] = [
        {"image_id": 1, "category_id": 1, "score": score, "segmentation": mask}
        for mask, score in ((up, 0.9), (down, 0.8))
    ]
    true_file = write_json(tmp_path / "true.json", content)
    without_boxes = write_json(tmp_path / "masks.json", results)
    with_boxes = write_json(tmp_path / "found.json", [{**one, "bbox": box} for one in results])
    expected = directly(true_file, without_boxes, "segm").stats.tolist()
    truth = read_coco(true_file)
    figures = coco_scores(truth, read_results(with_boxes, truth), "segm").figures
    assert [-1 if value is None else value for value in figures.values()] == pytest.approx(expected)
    assert figures["AP_small"] == pytest.approx(0.5)  # the better score is wrong


def test_masks_are_not_scored_in_a_picture_of_unknown_size() -> None:
    square = [[0, 0, 20, 0, 20, 20, 0, 20]]
    known = dataset([replace(true(1, 0, 0, 20, 20), segment=square)])
    unknown = replace(known, images=(replace(known.images[0], height_px=0),))
    pixels = np.zeros(SIZE_PX, np.uint8, order="F")
    pixels[:20, :20] = 1
    hit = found(1, 1, 0.5, 0, 0, 20, 20)._replace(mask=coco_mask.encode(pixels))
    assert coco_scores(known, [hit], "segm").figures["AP"] == pytest.approx(1)
    with pytest.raises(DataError, match=r"some\.json: picture 1 \(1\.png\) has no width and height"):
        coco_scores(unknown, [hit], "segm")
    assert coco_scores(unknown, [hit]).figures["AP"] == pytest.approx(1)


def test_an_object_without_a_segment_is_neither_hit_nor_missed_by_masks() -> None:
    square = [[0, 0, 20, 0, 20, 20, 0, 20]]
    truth = dataset([replace(true(1, 0, 0, 20, 20), segment=square), true(1, 40, 0, 20, 20)])
    pixels = np.zeros((60, 80), np.uint8)
    pixels[:20, :20] = 1
    hit = found(1, 1, 0.5, 0, 0, 20, 20)._replace(mask=coco_mask.encode(np.asfortranarray(pixels)))
    other = np.asfortranarray(np.roll(pixels, 40, axis=1))
    unknown = found(1, 1, 0.9, 40, 0, 20, 20)._replace(mask=coco_mask.encode(other))
    for some in ([hit], [hit, unknown]):
        figures = coco_scores(truth, some, "segm").figures
        assert (figures["AP"], figures["AR100"]) == pytest.approx((1, 1))
    assert coco_scores(truth, [hit]).figures["AR100"] == pytest.approx(0.5)  # its box counts
