"""`--trace` and `splitdet plot`, as people use them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from commands import HANG_S, call, call_here
from places import ROOT
from splitdet.trace.read import read_trace

STAGES = ["read", "prepare", "accelerator", "cpu", "output"]


def spans_by_track(path: Path) -> Dict[int, List[Tuple[float, float]]]:
    """Begin and end of the complete events of each track, microseconds, in order."""
    found: Dict[int, List[Tuple[float, float]]] = {}
    for event in json.loads(path.read_text())["traceEvents"]:
        if event["ph"] == "X":
            found.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
    return {track: sorted(spans) for track, spans in found.items()}


def fake_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run of 30 frames through stages that take no time, without a model."""
    command = [sys.executable, str(ROOT / "tests/faulty_run.py"), "cpu", "raise", "999", *arguments]
    return subprocess.run(command, cwd=str(folder), capture_output=True, text=True, timeout=HANG_S)


def test_a_trace_has_every_stage_of_every_frame(video: Path, tiny_model: Path, tmp_path: Path) -> None:
    options = ["--trace", "t.json", "--set", "batch_size=4"]
    done = call_here("run", video, "none", "--model", tiny_model, *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "written     t.json" in done.stdout
    frames: Dict[str, List[int]] = {}
    for event in json.loads((tmp_path / "t.json").read_text())["traceEvents"]:
        if event["ph"] == "X":
            indices = event["args"].get("frames", [event["args"]["frame"]])
            frames.setdefault(event["name"], []).extend(indices)
    assert frames == {stage: list(range(25)) for stage in STAGES}


def test_a_thread_does_one_thing_at_a_time_and_a_frame_goes_its_way_in_order(tmp_path: Path) -> None:
    fake_run(tmp_path, "--trace", "t.json", "--set", "accelerator_feeders=2", "--set", "cpu_feeders=2")
    rounding_us = 0.01
    for spans in spans_by_track(tmp_path / "t.json").values():
        assert all(begin >= end - rounding_us for (_, end), (begin, _) in zip(spans, spans[1:]))
    way: Dict[int, List[Any]] = {}
    for span in read_trace(tmp_path / "t.json").spans:
        way.setdefault(span.frame, []).append(span)
    assert len(way) == 30
    for spans in way.values():
        assert [span.stage for span in spans] == STAGES
        assert all(one.end_s <= other.begin_s + 1e-8 for one, other in zip(spans, spans[1:]))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_run_that_is_ended_leaves_a_trace_that_can_be_read(
    number: int, code: int, tmp_path: Path
) -> None:
    script = str(ROOT / "tests/faulty_run.py")
    command = [sys.executable, script, "accelerator", "stall", "15", "--trace", str(tmp_path / "t.json")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # it prints the detections of frame 0: that frame is in the trace
    process.send_signal(number)
    process.communicate(timeout=HANG_S)
    assert process.returncode == code
    assert {span.stage for span in read_trace(tmp_path / "t.json").spans} == set(STAGES)


def test_a_trace_is_never_written_over_another_output(tmp_path: Path) -> None:
    done = fake_run(tmp_path, "--json", "same.json", "--trace", "same.json")
    assert done.returncode == 2
    assert "same.json: is in use already by this run" in done.stderr


def test_traces_are_drawn_one_above_the_other(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    fake_run(tmp_path, "--trace", "one.json")
    fake_run(tmp_path, "--trace", "two.json")
    done = call_here("plot", "one.json", "two.json", "--out", "both.png", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "one.json: split: " in done.stdout
    assert "two.json: split: " in done.stdout
    assert (tmp_path / "both.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_no_trace_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("{}")
    done = call("plot", "t.json", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: t.json: not a trace that 'splitdet run --trace' wrote\n"
