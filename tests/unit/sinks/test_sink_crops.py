"""Pictures of what was found, read back with OpenCV."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from results import FOUND, PICTURE, frame, pictured
from splitdet.labels import Labels
from splitdet.sinks.crops import CropSink
from splitdet.types import Detections


def test_each_detection_is_a_picture_in_the_folder_of_its_class(tmp_path: Path) -> None:
    CropSink(str(tmp_path), Labels({1: "person"})).write(pictured(3, "nowhere.mp4"), FOUND, None)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png")) == [
        "7/frame_000003_1.png",
        "person/frame_000003_0.png",
    ]


def test_a_crop_holds_the_pixels_of_the_frame(tmp_path: Path) -> None:
    CropSink(str(tmp_path), Labels({1: "person"})).write(pictured(), FOUND, np.zeros_like(PICTURE))
    crop = cv2.imread(str(tmp_path / "person" / "frame_000000_0.png"))
    np.testing.assert_array_equal(crop, PICTURE[5:24, 16:48])


def test_a_crop_is_called_after_the_file_it_is_from(tmp_path: Path) -> None:
    source = tmp_path / "street 1.mp4"
    source.touch()
    CropSink(str(tmp_path / "out"), Labels({1: "person"})).write(pictured(12, str(source)), FOUND, None)
    assert (tmp_path / "out" / "person" / "street 1_000012_0.png").is_file()


def test_crops_of_several_cameras_do_not_overwrite_each_other(tmp_path: Path) -> None:
    sink = CropSink(str(tmp_path), Labels({1: "person"}), with_stream=True)
    for stream in range(2):
        sink.write(replace(pictured(3, "nowhere.mp4"), stream=stream), FOUND, None)
    assert sorted(path.name for path in (tmp_path / "person").iterdir()) == [
        "0_frame_000003_0.png",
        "1_frame_000003_0.png",
    ]


def test_the_name_of_a_class_cannot_leave_the_folder(tmp_path: Path) -> None:
    labels = Labels({1: "../../etc/passwd", 7: ".."})
    CropSink(str(tmp_path / "a" / "b" / "out"), labels).write(pictured(), FOUND, None)
    found = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.png")]
    assert len(found) == 2
    assert all(path.parts[:3] == ("a", "b", "out") for path in found)


def test_a_box_that_covers_no_pixel_gives_no_picture(tmp_path: Path) -> None:
    boxes = np.array([[0.5, 0.5, 0.5, 0.9], [1.2, 1.2, 1.5, 1.5], [0.5, 0.5, 0.501, 0.501]], np.float32)
    found = Detections(boxes, np.ones(3, np.float32), np.ones(3, np.int64))
    CropSink(str(tmp_path), Labels({})).write(frame(), found, None)
    assert list(tmp_path.rglob("*.png")) == []
