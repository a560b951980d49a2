"""An SSD in ONNX through the commands as people type them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict

import cv2
import numpy as np
import pytest

from commands import call_here, records
from onnx_ssd import SIZE_PX, Reference, write_onnx_ssd
from splitdet.errors import EXIT_BAD_INPUT, EXIT_OK

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
LABELS = ["BACKGROUND", "cat", "dog", "cow", "bird"]
ONNX: Dict[str, str] = {"SPLITDET_ENGINE": "onnxruntime"}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """As jetson-inference lays it out: the network and its labels in a folder under models/."""
    (tmp_path / "models" / "animals").mkdir(parents=True)
    return write_onnx_ssd(tmp_path / "models" / "animals" / "ssd-mobilenet.onnx", labels=LABELS)


def test_inspect_tells_what_is_in_the_file(network: Path, tmp_path: Path) -> None:
    done = call_here("inspect", network, folder=tmp_path)
    assert done.returncode == EXIT_OK, done.stderr
    for line in (
        "family         onnx_ssd",
        "input          input_0 float32 [1x3x48x64]",
        "cut: scores    scores float32 [1x384x5]",
        "cut: boxes     boxes float32 [1x384x4]",
        "model_type: onnx_ssd",
        "num_classes: 4",
        "split_shape: 384",
    ):
        assert line in done.stdout.splitlines()


def test_run_image_finds_what_numpy_finds(network: Path, tmp_path: Path) -> None:
    image = np.random.RandomState(0).randint(0, 256, (*SIZE_PX, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "picture.png"), image)
    done = call_here(
        *("run_image.py", "--model", "animals", "--input", "picture.png", "--no-display"),
        *("--set", "det_th=0.6", "--json", "found.jsonl", "--summary", "summary.json"),
        folder=tmp_path,
        **ONNX,
    )
    assert done.returncode == EXIT_OK, done.stderr
    (record,) = records(tmp_path / "found.jsonl")
    expected = Reference().detect(image, 0.6)
    assert len(expected) > 10
    for found, one in zip(record["detections"], expected):
        assert found["label"] == LABELS[one["class_id"]]
        assert found["score"] == pytest.approx(one["score"], abs=1e-4)
    assert len(record["detections"]) == len(expected)
    assert "ONNX Runtime" in json.loads((tmp_path / "summary.json").read_text())["engine"]


def test_run_video_finds_something_in_every_frame(network: Path, video: Path, tmp_path: Path) -> None:
    done = call_here(
        *("run_video.py", "--input", video, "--model", network, "--no-display", "--save"),
        *("--set", "det_th=0.1", "--json", "found.jsonl"),
        folder=tmp_path,
        **ONNX,
    )
    assert done.returncode == EXIT_OK, done.stderr
    found = records(tmp_path / "found.jsonl")
    assert [record["frame"] for record in found] == list(range(25))
    assert all(record["detections"] for record in found)


def test_build_builds_an_engine_and_finds_it_again(network: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="needs the package tensorrt-rtx-cu13")
    command = ("build", network, "--target", "8.6")
    first, second = (
        call_here(*command, folder=tmp_path, SPLITDET_CACHE=str(tmp_path / "cache")) for _ in range(2)
    )
    assert first.returncode == EXIT_OK, first.stderr
    assert Path(first.stdout.strip()).is_file()
    assert (second.stdout, second.stderr) == (first.stdout, "")


@pytest.mark.parametrize("command", ["inspect", "build", "run"])
def test_a_network_of_another_kind_is_one_line(command: str, tmp_path: Path) -> None:
    if command == "build":
        pytest.importorskip("tensorrt_rtx", reason="needs the package tensorrt-rtx-cu13")
    path = write_onnx_ssd(tmp_path / "other.onnx", names=("images", "output", "boxes"))
    cv2.imwrite(str(tmp_path / "picture.png"), np.zeros((50, 50, 3), np.uint8))
    words = {
        "inspect": ["inspect", path],
        "build": ["build", path, "--target", "8.6"],
        "run": ["run", "picture.png", "none", "--model", path],
    }[command]
    done = call_here(*words, folder=tmp_path, **ONNX)
    assert done.returncode == EXIT_BAD_INPUT
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {path}: not an ONNX file that splitdet knows")
    assert "it takes images float [1x3x48x64]" in line
