"""Masks as text, read back by pycocotools."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco

from splitdet.rle import as_text, from_text, is_rle, mask_rles, run_lengths
from splitdet.types import Detections


def random_masks(count: int, seed: int) -> Detections:
    """Boxes with noise for masks, some of them over the edge of the frame."""
    random = np.random.RandomState(seed)
    low = random.uniform(-0.2, 0.8, (count, 2))
    boxes = np.hstack([low, low + random.uniform(0.05, 0.9, (count, 2))]).astype(np.float32)
    masks = random.uniform(0, 1, (count, 15, 15)).astype(np.float32)
    return Detections(boxes, np.ones(count, np.float32), np.ones(count, np.int64), masks)


@pytest.mark.parametrize(("height", "width"), [(48, 64), (130, 70), (1, 9), (9, 1)])
def test_pycocotools_reads_the_masks_of_the_frame(height: int, width: int) -> None:
    found = random_masks(30, height)
    masks = found.frame_masks(height, width)
    assert masks.any()
    read = [coco.decode(rle) for rle in mask_rles(found, height, width)]
    np.testing.assert_array_equal(np.array(read, np.bool_), masks)


@pytest.mark.parametrize("seed", range(5))
def test_the_text_is_that_of_pycocotools(seed: int) -> None:
    found = random_masks(20, seed)
    ours = [rle["counts"] for rle in mask_rles(found, 60, 80)]
    theirs = [
        coco.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()
        for mask in found.frame_masks(60, 80)
    ]
    assert ours == theirs


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((4, 3), np.bool_),
        np.ones((4, 3), np.bool_),
        np.eye(4, 3, dtype=np.bool_),
        np.tile(np.array([[False], [True]]), (2, 3)),
        np.tile(np.array([[True], [False]]), (2, 3)),
    ],
    ids=["empty", "full", "diagonal", "ends at the bottom", "begins at the top"],
)
def test_whole_frames_are_written_as_pycocotools_does(mask: np.ndarray) -> None:
    text = as_text(run_lengths(mask, 0, 0, *mask.shape))
    assert text == coco.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()


def test_the_fourth_count_is_the_first_to_be_written_as_a_difference() -> None:
    mask = np.zeros((4, 3), np.bool_)
    mask.T.flat[5:8] = True
    assert run_lengths(mask, 0, 0, 4, 3) == [5, 3, 4]
    assert coco.encode(np.asfortranarray(mask, np.uint8))["counts"] == b"534"
    assert as_text([5, 3, 4, 5]) == "5342"


@pytest.mark.parametrize("seed", range(5))
def test_a_text_is_read_back(seed: int) -> None:
    for mask in random_masks(20, seed).frame_masks(130, 70):
        counts = run_lengths(mask, 0, 0, *mask.shape)
        assert from_text(as_text(counts)).tolist() == counts


def test_a_large_frame_is_written_as_pycocotools_does() -> None:
    mask = np.zeros((3000, 4000), np.bool_)
    mask[1000:2000, 1500:1502] = True
    text = as_text(run_lengths(mask[1000:2000, 1500:1502], 1000, 1500, 3000, 4000))
    assert text == coco.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()


@pytest.mark.parametrize("counts", ["534", [5, 3, 4]])
def test_counts_of_all_pixels_are_run_lengths(counts: Any) -> None:
    assert is_rle({"size": [4, 3], "counts": counts})


@pytest.mark.parametrize(
    "value",
    [
        {"size": [4, 3]},
        {"size": [4, 3], "counts": 5},
        {"size": "x", "counts": "534"},
        {"size": [4, 3, 1], "counts": "534"},
        {"size": [4.0, 3], "counts": "534"},
        {"size": [0, 3], "counts": [0]},
        {"size": [4, 3], "counts": ""},
        {"size": [4, 3], "counts": "53"},
        {"size": [4, 3], "counts": "53P"},
        {"size": [4, 3], "counts": "53\n"},
        {"size": [4, 3], "counts": "53ä"},
        {"size": [4, 3], "counts": 9 * "P" + "0"},
        {"size": [4, 3], "counts": [5, "3", 4]},
        {"size": [4, 3], "counts": [13, -1]},
        [[0, 0, 4, 0, 4, 4]],
        None,
    ],
)
def test_anything_else_is_none(value: Any) -> None:
    assert not is_rle(value)


def test_detections_without_masks_say_so() -> None:
    with pytest.raises(ValueError, match="no masks"):
        mask_rles(Detections.none(), 10, 10)
