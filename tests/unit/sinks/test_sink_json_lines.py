"""Results as lines of JSON, read back with json and pycocotools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest
from pycocotools import mask as coco

from results import FOUND, frame, with_masks_and_tracks
from splitdet.labels import Labels
from splitdet.sinks.json_lines import JsonSink, frame_record
from splitdet.types import Detections, Segmentation

LABELS = Labels({1: "person"})


def test_lines_of_json_say_what_was_found(tmp_path: Path) -> None:
    sink = JsonSink(str(tmp_path / "out.jsonl"), LABELS)
    sink.write(frame(3, "größe.mp4", 0.125), FOUND, None)
    sink.close()
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8")) == {
        "schema": 1,
        "frame": 3,
        "source": "größe.mp4",
        "time_s": 0.125,
        "width": 64,
        "height": 48,
        "detections": [
            {
                "box": pytest.approx([0.1, 0.25, 0.5, 0.75]),
                "score": pytest.approx(0.9),
                "class_id": 1,
                "label": "person",
            },
            {"box": [0, 0, 1, 1], "score": 0.5, "class_id": 7, "label": "7"},
        ],
    }


def test_every_frame_is_one_line_of_json(tmp_path: Path) -> None:
    sink = JsonSink(str(tmp_path / "out.jsonl"), LABELS)
    for index in range(3):
        sink.write(frame(index), Detections.none(), None)
    sink.close()
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["frame"] for line in lines] == [0, 1, 2]


def test_a_line_is_on_the_disk_before_the_next_frame(tmp_path: Path) -> None:
    sink = JsonSink(str(tmp_path / "out.jsonl"), LABELS)
    sink.write(frame(), FOUND, None)
    assert json.loads((tmp_path / "out.jsonl").read_text())["frame"] == 0
    sink.close()


def _first(found: Detections, **options: Any) -> Dict[str, Any]:
    """The first detection of a record that went through JSON."""
    record = json.loads(json.dumps(frame_record(frame(), found, LABELS, **options)))
    detection: Dict[str, Any] = record["detections"][0]
    return detection


def test_boxes_in_pixels_are_given_where_they_are_wanted() -> None:
    assert _first(FOUND, box_px=True)["box_px"] == [5, 16, 24, 48]
    assert "box_px" not in _first(FOUND)


def test_tracks_are_given_where_there_are_some() -> None:
    assert _first(with_masks_and_tracks())["track"] == 12
    assert "track" not in _first(FOUND)


def test_masks_are_those_of_the_frame_and_pycocotools_reads_them() -> None:
    found = with_masks_and_tracks()
    read = coco.decode(_first(found)["mask"])
    assert read.any()
    np.testing.assert_array_equal(read, found.frame_masks(48, 64)[0])


def test_a_segmented_frame_has_the_share_of_each_class() -> None:
    pixels = np.zeros((10, 10), np.int64)
    pixels[5:, 5:] = 1
    record = frame_record(frame(), Segmentation.of_pixels(pixels, 1), LABELS)
    assert record["segmentation"] == [
        {"class_id": 0, "label": "0", "share": 0.75},
        {"class_id": 1, "label": "person", "share": 0.25},
    ]
