"""Cutting a graph changes no answer: not by one bit, on the CPU."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterable

import cv2
import numpy as np
import pytest

from places import ROOT
from reference import PlainSession, frames_of
from splitdet.detector import Detector
from splitdet.graph.load import load_graph
from splitdet.models import identify
from ssd_graphs import anchor_count, write_ssd

GENERATIONS = ("nms_v0", "nms_v1", "nms_v2")


def pictures(count: int = 5) -> Iterable[np.ndarray]:
    """Pictures of different sizes with something in them."""
    random = np.random.RandomState(0)
    for index in range(count):
        noise = random.randint(0, 256, (20 + index, 30 + 3 * index, 3)).astype(np.uint8)
        yield cv2.resize(noise, (100 + 40 * index, 90 + 20 * index))


def assert_same_bits(model: Path, images: Iterable[np.ndarray]) -> int:
    """Split, not split and a plain session agree to the bit; gives how much was found."""
    plain = PlainSession(model)
    found = 0
    settings = {"det_th": 0, "engine": "tensorflow"}
    with Detector(model, **settings) as split, Detector(model, split_model=False, **settings) as whole:
        for image in images:
            boxes, scores, classes = plain(image)
            for result in (split.detect(image), whole.detect(image)):
                np.testing.assert_array_equal(result.boxes, boxes)
                np.testing.assert_array_equal(result.scores, scores)
                np.testing.assert_array_equal(result.classes, classes)
            found += len(scores)
    return found


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_graph_with_control_flow_nms_gives_the_same_bits_split(
    generation: str, tmp_path: Path
) -> None:
    model = write_ssd(tmp_path / "graph.pb", generation, classes=4)
    assert assert_same_bits(model, pictures()) > 20


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("size_px", [64, 100])
def test_family_anchors_classes_and_size_are_found(
    generation: str, size_px: int, tmp_path: Path
) -> None:
    model = identify(load_graph(write_ssd(tmp_path / "graph.pb", generation, size_px, classes=5)))
    assert model.type_name == generation
    assert model.anchors == anchor_count(size_px)
    assert model.classes == 5
    assert model.input_size_px == (size_px, size_px)


def test_detect_gives_the_same_from_eight_threads(tiny_model: Path) -> None:
    images = list(pictures(8))
    settings = {"det_th": 0.3, "engine": "tensorflow"}
    with Detector(tiny_model, **settings) as detector, ThreadPoolExecutor(8) as pool:
        alone = [detector.detect(image) for image in images]
        together = list(pool.map(detector.detect, images * 4))
    for one, other in zip(alone * 4, together):
        np.testing.assert_array_equal(one.boxes, other.boxes)


@pytest.mark.model
def test_the_default_model_gives_the_same_bits_on_50_frames_of_the_clip(
    default_model: Path, clip: Path
) -> None:
    frames = list(frames_of(clip, 250))[::5]
    assert assert_same_bits(default_model, frames) > 50


@pytest.mark.model
@pytest.mark.zoo
def test_the_genuine_model_gives_the_same_bits_on_every_photograph(
    zoo_model: Path, shared: Path
) -> None:
    paths = [path for path in sorted((shared / "images").iterdir()) if path.suffix in (".jpg", ".bmp")]
    assert len(paths) >= 9
    assert assert_same_bits(zoo_model, [cv2.imread(str(path)) for path in paths]) > 20


@pytest.mark.model
@pytest.mark.zoo
@pytest.mark.slow
@pytest.mark.parametrize(
    ("video", "frames"), [("cars_768x432.mp4", 150), ("people_walking_768x576.avi", 100)]
)
def test_run_video_writes_what_a_plain_session_finds(
    video: str, frames: int, zoo_model: Path, shared: Path, tmp_path: Path
) -> None:
    lines = tmp_path / "found.jsonl"
    command = [sys.executable, str(ROOT / "run_video.py"), "--input", str(shared / "videos" / video)]
    command += ["--model", str(zoo_model), "--max-frames", str(frames), "--set", "det_th=0.3"]
    command += ["--set", "engine=tensorflow"]
    subprocess.run([*command, "--json", str(lines), "--no-display"], check=True)
    records = [json.loads(line) for line in lines.read_text().splitlines()]
    plain = PlainSession(zoo_model)
    assert len(records) == frames
    for record, image in zip(records, frames_of(shared / "videos" / video, frames)):
        found = [{key: box[key] for key in ("box", "score", "class_id")} for box in record["detections"]]
        assert found == plain.records(image, 0.3, 100)
