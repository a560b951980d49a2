"""`track: true` in whole runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import splitdet
from commands import call_here, records


def test_a_run_and_a_stream_give_the_same_numbers(video: Path, tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("edgefirst.tracker")
    config = {"det_th": 0.3, "max_boxes": 5, "engine": "tensorflow", "track": True}
    flags = [word for key, value in config.items() for word in ("--set", f"{key}={value}")]
    flags += ["--json", "f.jsonl"]
    done = call_here("run", video, "none", "--model", tiny_model, *flags, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "  track     mean" in done.stdout
    written = [[box["track"] for box in line["detections"]] for line in records(tmp_path / "f.jsonl")]
    streamed = []
    for _, found in splitdet.stream(video, tiny_model, **config):
        assert found.tracks is not None
        streamed.append(found.tracks.tolist())
    assert written == streamed
    assert len(streamed) == 25
    assert all(streamed)
