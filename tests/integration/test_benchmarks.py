"""The benchmarks that are scripts, on a small model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Tuple

import numpy as np
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


@pytest.mark.parametrize("live", [(), ("--live",)])
def test_a_soak_knows_every_frame_and_where_it_went(live: Tuple[str, ...], tmp_path: Path) -> None:
    result = result_of("soak.py", "--frames", "2000", *live, folder=tmp_path)
    assert result["frames_in"] == 2000 == result["frames_out"] + sum(result["dropped"].values())
    assert result["adds_up"]
    assert result["lost_doubled_or_out_of_order"] == 0
    assert bool(result["dropped"]) == bool(live)
    assert set(result["growth"]) == {"rss_mb", "threads", "handles"}


def test_a_peer_that_finds_the_same_is_said_to(tiny_model: Path, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "pictures", [trial_picture(), *random_pictures(1, 60, 80)])
    result = result_of(
        "peers/measure.py",
        *("--model", str(tiny_model), "--image", *map(str, sorted(pictures.iterdir()))),
        *("--peer", "ours-tensorflow", "--peer", "litert", "--rounds", "1", "--seconds", "0.2"),
        folder=tmp_path,
    )
    reference, ours, litert = result["rows"]
    assert reference["agreement"] == ours["agreement"]
    wanted = ours["agreement"]["wanted"]
    assert wanted > 3
    assert ours["agreement"] == {"wanted": wanted, "lost": 0, "gained": 0, "score": 0.0, "same": 1}
    assert min(reference["fps"]["mean"], ours["fps"]["mean"]) > 0
    assert litert["unable"]  # not installed, or not this graph


def test_what_a_peer_loses_gains_and_moves_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "peers"))
    from agree import agreement
    from base import Found

    def found(*rows: Tuple[float, int, float]) -> Found:
        boxes = np.array([[0, left, 1, left + 0.2] for left, _, _ in rows], np.float32)
        classes, scores = [kind for _, kind, _ in rows], [score for _, _, score in rows]
        return Found(boxes, np.array(scores, np.float32), np.array(classes))

    wanted = [found((0.1, 1, 0.9), (0.3, 1, 0.8), (0.5, 1, 0.7), (0.7, 1, 0.3))]
    # moved a little; of another class; elsewhere; and one that is on the threshold is missing
    others = [found((0.1, 1, 0.85), (0.3, 2, 0.8), (0.55, 1, 0.7))]
    assert agreement(wanted, wanted, 0.3)["same"] == 1
    counts = agreement(others, wanted, 0.3)
    assert (counts["wanted"], counts["lost"], counts["gained"], counts["same"]) == (4, 2, 2, 0)
    assert counts["score"] == pytest.approx(0.05)
    half = [np.array([[1, 1], [0, 0]])]
    assert agreement([np.ones((2, 2))], half, 0.3) == {"pixels": 0.5, "same": 0}


def test_streams_are_the_same_video_so_many_times(tiny_model: Path, clip: Path, tmp_path: Path) -> None:
    alone, three = result_of(
        "streams.py",
        *("--model", str(tiny_model), "--video", str(clip), "--rate", "10"),
        *("--streams", "1", "3", "--decoder", "software"),
        folder=tmp_path,
    )["rows"]
    assert (alone["inputs"], three["inputs"]) == (1, 3)
    assert three["frames"] == 3 * alone["frames"] > 0
    assert three["streams_carried"] == pytest.approx(three["fps"] / 10, abs=0.1)
