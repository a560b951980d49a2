"""Detections in the terms of a dataset."""

from __future__ import annotations

import numpy as np
import pytest

from labelled import dataset, true
from splitdet.errors import DataError
from splitdet.evaluate.found import coco_record, match_classes, objects_of, warn_of_unknown
from splitdet.labels import Labels, load_labels
from splitdet.types import Detections

TRUTH = dataset([true(1, 0, 0, 9, 9)])


def test_classes_are_matched_by_their_names() -> None:
    labels = Labels({1: "person", 17: "Cat", 18: "DOG", 10: "traffic_light"})
    assert match_classes(TRUTH, labels) == {17: 1, 18: 2, 10: 5}


def test_a_model_without_names_has_the_ids_of_the_dataset() -> None:
    assert match_classes(TRUTH, Labels({})) == {1: 1, 2: 2, 5: 5}


def test_voc_and_coco_call_the_same_classes_differently() -> None:
    coco = dataset([true(1, 0, 0, 9, 9)], names=dict(load_labels("coco").names))
    matched = match_classes(coco, load_labels("pascal_voc"))
    assert sorted(matched) == list(range(1, 21))
    assert coco.classes[matched[1]] == "airplane"
    assert coco.classes[matched[20]] == "tv"


def test_a_dataset_of_other_classes_is_refused() -> None:
    with pytest.raises(DataError, match=r"its classes \(cat, dog, traffic light\) are none of"):
        match_classes(TRUTH, Labels({1: "ace", 2: "king"}))


def test_classes_that_the_model_does_not_know_are_named(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_unknown(TRUTH, match_classes(TRUTH, Labels({3: "cat", 4: "dog"})))
    assert "the model does not know traffic light; these count as never found" in caplog.text


def test_boxes_become_pixels_and_other_classes_are_left_out() -> None:
    boxes = np.array([[0.5, 0.25, 1, 0.75], [0, 0, 1, 1]], np.float32)
    some = Detections(boxes, np.array([0.5, 0.25], np.float32), np.array([17, 99]))
    (one,) = objects_of(some, "a", 60, 80, {17: 1})
    assert one == ("a", 1, (20, 30, 40, 30), 0.5, None)
    assert coco_record(one) == {
        "image_id": "a",
        "category_id": 1,
        "bbox": [20, 30, 40, 30],
        "score": 0.5,
    }


def test_masks_become_run_lengths_that_json_can_hold() -> None:
    coco_mask = pytest.importorskip("pycocotools.mask")
    boxes = np.array([[0, 0, 0.5, 0.5], [0, 0.5, 1, 1]], np.float32)
    grids = np.ones((2, 3, 3), np.float32)
    some = Detections(boxes, np.array([0.9, 0.8], np.float32), np.array([1, 2]), grids)
    objects = objects_of(some, 1, 60, 80, {1: 1, 2: 2})
    for one, expected in zip(objects, some.frame_masks(60, 80)):
        segmentation = coco_record(one)["segmentation"]
        assert isinstance(segmentation["counts"], str)
        np.testing.assert_array_equal(coco_mask.decode(segmentation), expected)
