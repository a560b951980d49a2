"""Traces as spans, and the figures that follow from them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from splitdet.errors import SourceError
from splitdet.trace.read import Recording, Span, read_trace
from traces import pipelined, timed_batch, write_trace


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    run = read_trace(write_trace(tmp_path / "t.json", pipelined(4, time.perf_counter(), 2), split=True))
    assert run.about == {"split": True}
    assert list(run.tracks) == ["source", "prepare", "accelerator", "accelerator 2", "cpu"]
    assert len(run.spans) == 16
    halves = {(s.frame, s.stage): s for s in run.spans}
    assert halves[3, "accelerator"].track == "accelerator 2"
    assert halves[3, "cpu"].end_s - halves[3, "cpu"].begin_s == pytest.approx(0.004, abs=1e-6)
    assert halves[3, "cpu"].begin_s - halves[0, "read"].begin_s == pytest.approx(0.042, abs=1e-6)


def test_frames_per_second_count_from_the_first_read_to_the_last_end(tmp_path: Path) -> None:
    run = read_trace(write_trace(tmp_path / "t.json", pipelined(10, time.perf_counter())))
    assert run.fps == pytest.approx(10 / (9 * 0.010 + 0.016), rel=1e-4)


def test_frames_of_a_batch_all_count(tmp_path: Path) -> None:
    now_s = time.perf_counter()
    batch = timed_batch([0, 1, 2, 3], now_s, {}, accelerator=(now_s + 0.1, now_s + 0.5))
    assert read_trace(write_trace(tmp_path / "t.json", [batch])).fps == pytest.approx(8, rel=1e-4)


def test_frames_of_all_inputs_count_though_each_input_counts_from_0(tmp_path: Path) -> None:
    now_s = time.perf_counter()
    batch = timed_batch([0, 0, 1, 1], now_s, {}, accelerator=(now_s + 0.1, now_s + 0.5))
    assert read_trace(write_trace(tmp_path / "t.json", [batch])).fps == pytest.approx(8, rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_the_overlap_is_that_of_a_clock_that_looks_every_millisecond(seed: int) -> None:
    random = np.random.RandomState(seed)
    begins, lengths = random.randint(0, 900, 40), random.randint(1, 60, 40)
    at_work = {"one": np.zeros(1000, np.bool_), "other": np.zeros(1000, np.bool_)}
    spans = [Span("edges", "neither", 0, 0.0, 1.0)]
    for place, (begin, length) in enumerate(zip(begins, lengths)):
        stage = ("one", "other", "neither")[place % 3]
        spans.append(Span(stage, stage, place, begin / 1000, (begin + length) / 1000))
        if stage in at_work:
            at_work[stage][begin : begin + length] = True
    both = (at_work["one"] & at_work["other"]).mean()
    assert both > 0
    assert Recording({}, [], spans).overlap("one", "other") == pytest.approx(both)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"traceEvents": 5, "otherData": {}}',
        '{"traceEvents": [{"ph": "X"}], "otherData": {}}',
        '{"traceEvents": [{"ph": "X", "tid": 1, "name": "a", "ts": 1, "dur": 1}], "otherData": {}}',
        json.dumps([{"ph": "X"}]),
    ],
)
def test_what_is_no_trace_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=r"t\.json: not a trace that 'splitdet run --trace' wrote"):
        read_trace(path)


def test_a_trace_without_frames_is_refused(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.json", [])
    with pytest.raises(SourceError, match=r"t\.json: no frame in this trace"):
        read_trace(path)


def test_a_trace_in_which_nothing_is_read_is_refused(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.json", pipelined(2, time.perf_counter()))
    content = json.loads(path.read_text())
    content["traceEvents"] = [event for event in content["traceEvents"] if event["name"] != "read"]
    path.write_text(json.dumps(content))
    with pytest.raises(SourceError, match=r"t\.json: no frame in this trace"):
        read_trace(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        read_trace(tmp_path / "none.json")
