"""All that a run can write, in one run; and classes and roi, which decide what is in it."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, List

import cv2
import numpy as np
import pytest

from commands import call_here, records
from reference import frames_of
from splitdet.config import make_config
from splitdet.detector import Detector
from splitdet.errors import EXIT_OK, EXIT_SKIPPED, ConfigError
from splitdet.job import Job
from splitdet.run import run
from splitdet.types import Selection

ROI = ((0.2, 0.1), (0.9, 0.2), (0.6, 0.95))


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names for the three classes of the small detector."""
    path = tmp_path_factory.mktemp("labels") / "names.txt"
    path.write_text("person\ncar\ndog\n")
    return path


def seconds_of(path: Path) -> float:
    """Duration of a video as ffprobe tells it."""
    command = ["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "format=duration", str(path)]
    return float(subprocess.check_output(command))


def test_one_run_writes_everything_and_all_of_it_agrees(
    video: Path, tiny_model: Path, names: Path, tmp_path: Path
) -> None:
    done = call_here(
        *("run", video, "found.mp4", "--model", tiny_model, "--raw", "raw.avi", "--json", "found.jsonl"),
        *("--csv", "found.csv", "--coco", "found.json", "--crops", "crops", "--no-display"),
        *("--set", "det_th=0.5", "--set", "max_boxes=4", "--set", f"label_path={names}"),
        *("--set", "json_box_px=true", "--set", "vis_text=false"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    written = ("found.mp4", "raw.avi", "found.jsonl", "found.csv", "found.json", "crops")
    assert all(f"written     {name}\n" in done.stdout for name in written)

    lines = records(tmp_path / "found.jsonl")
    detections = [(line["frame"], each) for line in lines for each in line["detections"]]
    assert len(lines) == 25
    assert len(detections) > 25

    with (tmp_path / "found.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    edges = ("ymin_px", "xmin_px", "ymax_px", "xmax_px")
    assert [(int(row["frame"]), row["label"], [int(row[edge]) for edge in edges]) for row in rows] == [
        (frame, each["label"], each["box_px"]) for frame, each in detections
    ]

    results = json.loads((tmp_path / "found.json").read_text())
    assert [(each["image_id"], each["category_id"], each["score"]) for each in results] == [
        (frame, each["class_id"], each["score"]) for frame, each in detections
    ]
    for result, (_, each) in zip(results, detections):
        top, left, bottom, right = np.array(each["box"]) * (64, 96, 64, 96)
        assert result["bbox"] == pytest.approx([left, top, right - left, bottom - top], abs=0.001)

    shapes = [cv2.imread(str(path)).shape for path in sorted((tmp_path / "crops").rglob("*.png"))]
    boxes = [each["box_px"] for _, each in detections]
    assert sorted(shapes) == sorted((box[2] - box[0], box[3] - box[1], 3) for box in boxes)


def run_here(source: Path, model: Path, config: Dict[str, Any], **places: Path) -> None:
    """`splitdet run` in this process, without a window."""
    settings = {"engine": "tensorflow", "visualize": False, "model_path": str(model), **config}
    paths = {name: str(path) for name, path in places.items()}
    assert run(Job(make_config(**settings), str(source), **paths)).exit_code in (EXIT_OK, EXIT_SKIPPED)


def test_videos_have_the_frames_and_the_seconds_of_their_source(
    video: Path, tiny_model: Path, tmp_path: Path
) -> None:
    save, raw = tmp_path / "found.mp4", tmp_path / "raw.mkv"
    run_here(video, tiny_model, {"det_th": 0.3, "video_codec": "ffv1"}, save=save, raw=raw)
    of_source, of_raw, of_found = (np.array(list(frames_of(path, 26))) for path in (video, raw, save))
    assert len(of_found) == 25
    np.testing.assert_array_equal(of_raw, of_source)
    assert (of_found != of_source).any(axis=(1, 2, 3)).all()
    if shutil.which("ffprobe"):
        for path in (save, raw):
            assert seconds_of(path) == pytest.approx(seconds_of(video), abs=0.001)


def test_raw_pictures_are_those_that_were_read(
    pictures: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save, raw = Path("found"), Path("raw")
    run_here(Path("images"), tiny_model, {"det_th": 0.3}, save=save, raw=raw)
    for name in ("a.png", "deep/d.bmp"):
        of_source, of_raw, of_found = (
            cv2.imread(str(folder / name)) for folder in (pictures, raw / "images", save / "images")
        )
        np.testing.assert_array_equal(of_raw, of_source)
        assert (of_found != of_source).any()


@pytest.mark.parametrize("way", [{"nms": "fast"}, {"nms": "graph"}, {"split_model": False}])
def test_classes_and_roi_select_the_same_whoever_suppresses(
    way: Dict[str, Any], video: Path, tiny_model: Path, names: Path
) -> None:
    settings = {"engine": "tensorflow", "det_th": 0.3, "label_path": str(names), **way}
    chosen = {"classes": ["Car", 3], "roi": ROI, "max_boxes": 5}
    counts: List[int] = []
    with Detector(tiny_model, **settings) as every, Detector(tiny_model, **settings, **chosen) as some:
        for image in frames_of(video, 5):
            everything, found = every.detect(image), some.detect(image)
            expected = Selection(0.3, 5, classes=frozenset({2, 3}), roi=ROI).of_boxes(everything)
            np.testing.assert_array_equal(found.boxes, expected.boxes)
            np.testing.assert_array_equal(found.scores, expected.scores)
            assert set(found.classes) <= {2, 3}
            counts.append(len(everything) - len(found))
    assert min(counts) > 0


def test_files_hold_only_the_classes_and_the_place_that_were_asked_for(
    video: Path, tiny_model: Path, names: Path, tmp_path: Path
) -> None:
    chosen = {"classes": "car, dog", "roi": [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]}
    config = {"det_th": 0.3, "label_path": str(names), **chosen}
    run_here(video, tiny_model, config, json=tmp_path / "found.jsonl")
    found = [each for line in records(tmp_path / "found.jsonl") for each in line["detections"]]
    assert {each["label"] for each in found} == {"car", "dog"}
    assert min(each["box"][2] for each in found) >= 0.5


def test_a_class_that_the_model_does_not_know_is_refused(tiny_model: Path, names: Path) -> None:
    with pytest.raises(ConfigError, match=r"the model has no class 'cat'; did you mean 'car'\?"):
        Detector(tiny_model, label_path=str(names), classes=["person", "cat"])
