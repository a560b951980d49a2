"""Events of whole runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

import splitdet.run
from coloured import ColourDetector, Thing, ThingSource, walking
from commands import HANG_S, call_here, records
from picture_files import random_pictures, write_pictures
from places import ROOT
from splitdet.config import make_config
from splitdet.job import Job, Outcome
from web_receiver import HANG, WAIT_S, WebReceiver

RULES = "[{name: anything, cooldown_s: 0.5}, {name: for long, min_s: 1, cooldown_s: 100}]"


def expected(lines: List[Any]) -> List[Any]:
    """Name and frame of the events that `RULES` makes of a run's JSON lines, each found by hand."""
    seen = [line for line in lines if line["detections"]]
    assert len(seen) == len(lines)  # the tiny model finds something in every frame of noise
    times_s = {line["frame"]: line["time_s"] for line in seen}
    anything, next_s = [], 0.0
    for frame, time_s in times_s.items():
        if time_s >= next_s:
            anything.append(("anything", frame))
            next_s = time_s + 0.5
    for_long = next(frame for frame, time_s in times_s.items() if time_s >= 1.0)
    return sorted([*anything, ("for long", for_long)], key=lambda event: event[1])


def test_a_run_tells_its_events_to_log_and_webhook(
    video: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitdet.events.sink.FLUSH_S", WAIT_S)  # a busy machine may be late
    with WebReceiver() as receiver:
        done = call_here(
            *("run", video, "none", "--model", tiny_model, "--set", "det_th=0.3"),
            *("--set", f"events={RULES}", "--set", "event_log=e.jsonl", "--json", "f.jsonl"),
            *("--set", f"event_webhook={receiver.address}", "--summary", "s.json"),
            folder=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        told = receiver.events()
    assert told == records(tmp_path / "e.jsonl")
    assert sorted((event["event"], event["frame"]) for event in told) == sorted(
        expected(records(tmp_path / "f.jsonl"))
    )
    figures = {"found": len(told), "webhook": {"sent": len(told), "lost": 0}}
    assert json.loads((tmp_path / "s.json").read_text())["events"] == figures
    assert f"events      {len(told)} found; webhook: {len(told)} sent, 0 lost" in done.stdout
    assert "written     e.jsonl" in done.stdout


def test_each_picture_of_a_folder_has_its_events(tiny_model: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", random_pictures(4))
    done = call_here(
        *("run", "in", "none", "--model", tiny_model, "--set", "det_th=0.3", "--json", "f.jsonl"),
        *("--set", "events=[{name: anything}]", "--set", "event_log=e.jsonl"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    seen = [line["source"] for line in records(tmp_path / "f.jsonl") if line["detections"]]
    assert len(seen) > 1
    assert [event["source"] for event in records(tmp_path / "e.jsonl")] == seen


def fake_run(folder: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    """A run of 30 frames without a model, which finds nothing."""
    command = [sys.executable, str(ROOT / "tests/faulty_run.py"), "cpu", "raise", "999"]
    for setting in settings:
        command += ["--set", setting]
    return subprocess.run(command, cwd=str(folder), capture_output=True, text=True, timeout=HANG_S)


def run_of_things(monkeypatch: pytest.MonkeyPatch, frames: int, **config: Any) -> Outcome:
    """A run in which somebody walks from left to right, in this process."""
    walker = Thing(1, (0.4, 0.1), walking(0.05, 0.95, 0.5, frames))
    settings = make_config(visualize=False, **config)
    detector = ColourDetector(settings, {1: "person"})
    monkeypatch.setattr(splitdet.run, "open_source", lambda *unused: ThingSource([walker], frames))
    monkeypatch.setattr(splitdet.run.Detector, "from_config", lambda config: detector)
    return splitdet.run.run(Job(settings, "things"))


def test_who_walks_through_a_zone_is_told_with_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("edgefirst.tracker")
    zone = [[0.5, 0.5], [0.8, 0.5], [0.8, 1.0], [0.5, 1.0]]
    rule = {"name": "in the zone", "class": "person", "zone": zone, "min_s": 0.4, "cooldown_s": 100}
    log = str(tmp_path / "e.jsonl")
    outcome = run_of_things(monkeypatch, 101, events=[rule], event_log=log, track=True)
    assert outcome.summary["events"] == {"found": 1}
    (event,) = records(tmp_path / "e.jsonl")
    # 0.009 of the width in each frame from 0.05 on: at 0.5 in frame 50, and ten frames later is 0.4 s
    assert event["frame"] == pytest.approx(60, abs=1)
    assert [thing["track"] for thing in event["detections"]] == [1]


def test_a_run_does_not_wait_for_a_receiver_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = {"name": "anything", "cooldown_s": 0}
    with WebReceiver([HANG]) as receiver:
        outcome = run_of_things(monkeypatch, 50, events=[rule], event_webhook=receiver.address)
        receiver.next_event()  # still without an answer
        assert receiver.events() == []
    assert outcome.summary["frames_out"] == 50
    assert outcome.summary["events"] == {"found": 50, "webhook": {"sent": 0, "lost": 50}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["events=[{name: a, class: nobody}]"], "events: a: classes: the model has no class 'nobody'"),
        (["events=[{name: a}]", "event_webhook=x"], "event_webhook: expects an address"),
        (["events=[{name: a, zone: 5}]"], "events: rule 1: zone: expects three or more corners"),
    ],
)
def test_a_wrong_rule_or_address_is_one_line_and_exit_code_2(
    tmp_path: Path, settings: List[str], message: str
) -> None:
    done = fake_run(tmp_path, *settings)
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]


def test_receivers_without_rules_are_mentioned(tmp_path: Path) -> None:
    done = fake_run(tmp_path, "event_log=e.jsonl")
    assert done.returncode == 0
    assert "event_log, event_webhook and event_mqtt do nothing without events" in done.stderr
