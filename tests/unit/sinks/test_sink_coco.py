"""Results in COCO's format, read by pycocotools."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Union

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from results import FOUND, frame, with_masks_and_tracks
from splitdet.errors import SinkError
from splitdet.sinks.coco import CocoSink
from splitdet.types import Detections, Frame

TRUTH: Dict[str, Any] = {
    "info": {},
    "images": [
        {"id": 139, "file_name": "000000000139.jpg", "width": 64, "height": 48},
        {"id": 285, "file_name": "000000000285.jpg", "width": 64, "height": 48},
    ],
    "categories": [{"id": 1, "name": "person"}, {"id": 7, "name": "train"}],
    "annotations": [],
}


def written(path: Path, *frames: Frame, found: Detections = FOUND) -> Path:
    """A file with the same detections in each frame."""
    sink = CocoSink(str(path))
    for each in frames:
        sink.write(each, found, None)
    sink.close()
    return path


def truth(path: Path, annotations: List[Dict[str, Any]]) -> COCO:
    """What is in the pictures, as pycocotools reads it from a file."""
    for number, annotation in enumerate(annotations, 1):
        annotation.update(id=number, iscrowd=0, area=annotation["bbox"][2] * annotation["bbox"][3])
    path.write_text(json.dumps({**TRUTH, "annotations": annotations}))
    return COCO(str(path))


def test_pycocotools_gives_full_marks_to_what_is_all_right(tmp_path: Path) -> None:
    # the boxes of `FOUND` in 64x48 pixels, by hand
    boxes = {1: [16, 4.8, 32, 19.2], 7: [0, 0, 64, 48]}
    images = [139, 285]
    there = truth(
        tmp_path / "truth.json",
        [
            {"image_id": image, "category_id": category, "bbox": box}
            for image in images
            for category, box in boxes.items()
        ],
    )
    frames = [frame(n, f"val/{image:012d}.jpg") for n, image in enumerate(images)]
    evaluation = COCOeval(
        there, there.loadRes(str(written(tmp_path / "out.json", *frames))), iouType="bbox"
    )
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


def test_pycocotools_reads_the_masks(tmp_path: Path) -> None:
    there = truth(tmp_path / "truth.json", [{"image_id": 139, "category_id": 1, "bbox": [0, 0, 1, 1]}])
    found = with_masks_and_tracks()
    read = there.loadRes(str(written(tmp_path / "out.json", frame(0, "139.jpg"), found=found)))
    masks = [read.annToMask(annotation) for annotation in read.dataset["annotations"]]
    np.testing.assert_array_equal(masks, found.frame_masks(48, 64))


@pytest.mark.parametrize("frames", [[], [frame()]])
def test_a_run_that_found_nothing_is_an_empty_array(tmp_path: Path, frames: List[Frame]) -> None:
    path = written(tmp_path / "out.json", *frames, found=Detections.none())
    assert json.loads(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "image"),
    [
        *(("images/000000000139.jpg", 139), ("images/dog.png", "dog"), ("0139.mp4", 5), ("camera 0", 5)),
        ("http://camera/1.jpg", 5),
    ],
)
def test_pictures_are_called_by_their_names_and_frames_by_their_numbers(
    tmp_path: Path, source: str, image: Union[int, str]
) -> None:
    path = written(tmp_path / "out.json", frame(5, source))
    assert [result["image_id"] for result in json.loads(path.read_text())] == [image, image]


def test_frames_of_several_videos_are_different_images(tmp_path: Path) -> None:
    sink = CocoSink(str(tmp_path / "coco.json"), with_stream=True)
    for stream in range(2):
        sink.write(replace(frame(5, "street.mp4"), stream=stream), FOUND, None)
    sink.close()
    found = json.loads((tmp_path / "coco.json").read_text())
    assert {result["image_id"] for result in found} == {"0_5", "1_5"}


@pytest.mark.parametrize(
    ("first", "second", "image"),
    [
        ("a/1.jpg", "b/1.jpg", "1"),
        ("139.jpg", "000000000139.jpg", "139"),
        ("dog.jpg", "dog.png", "'dog'"),
    ],
)
def test_two_pictures_that_would_be_the_same_image_are_refused(
    tmp_path: Path, first: str, second: str, image: str
) -> None:
    sink = CocoSink(str(tmp_path / "out.json"))
    sink.write(frame(0, first), Detections.none(), None)
    with pytest.raises(SinkError) as caught:
        sink.write(frame(1, second), FOUND, None)
    sink.close()
    assert f"{first} and {second} would both have the image_id {image}; run" in str(caught.value)
    assert json.loads((tmp_path / "out.json").read_text()) == []


def test_a_picture_may_be_seen_twice(tmp_path: Path) -> None:
    path = written(tmp_path / "out.json", frame(0, "a/1.jpg"), frame(1, "a/1.jpg"))
    assert {result["image_id"] for result in json.loads(path.read_text())} == {1}
