"""The benchmarks that compare answers and starts, on a small model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

from picture_files import random_pictures, write_pictures
from places import ROOT
from splitdet.engines.parity import trial_picture

pytestmark = pytest.mark.usefixtures("fresh_cache")


def result_of(script: str, *arguments: str, folder: Path) -> Dict[str, Any]:
    """What a benchmark writes."""
    file = folder / "result.json"
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments, "--json", str(file)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    content: Dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def test_accuracy_counts_what_is_gained_and_lost(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    pictures = write_pictures(tmp_path / "pictures", [trial_picture(), *random_pictures(2, 60, 80)])
    result = result_of(
        "accuracy.py",
        *("--model", str(tiny_model), "--images", str(pictures)),
        *("--variant", "engine=tensorflow", "--variant", "engine=openvino,precision=bf16"),
        folder=tmp_path,
    )
    same, rounded = result["variants"].values()
    assert (same["raw_score_error"], same["raw_box_error"], same["score_error"]) == (0, 0, 0)
    assert (same["gained"], same["lost"]) == (0, 0)
    assert same["in_reference"] == same["found"] > 3
    assert list(same["photographs"]) == ["00.png", "01.png", "02.png"]
    assert 0 < rounded["raw_score_error"] < 0.1
    for counts in rounded["photographs"].values():
        wanted, found, gained, lost = counts
        assert found - gained == wanted - lost


def test_a_second_start_finds_what_the_first_has_left(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    pictures = write_pictures(tmp_path / "pictures", random_pictures(1, 60, 80))
    result = result_of(
        "startup.py",
        *("--model", str(tiny_model), "--image", str(pictures / "00.png")),
        *("--case", "engine=openvino", "--repeats", "1"),
        folder=tmp_path,
    )
    (row,) = result["starts"].values()
    assert not row["loads_tensorflow"]
    parts = [row["again_s"][part] for part in ("import", "load", "build", "warm_up")]
    assert min(parts) > 0
    assert sum(parts) < row["again_s"]["total"]
