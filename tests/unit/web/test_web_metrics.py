"""The figures as Prometheus reads them, read by Prometheus's own parser."""

from __future__ import annotations

import os
from typing import Any, Dict

import pytest

pytest.importorskip("uvicorn", reason="needs splitdet[web]")
pytest.importorskip("prometheus_client", reason="needs splitdet[web]")

from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from places import ROOT
from splitdet.pipeline.queues import Inlet
from web_view import LiveView, events


def _samples(text: str) -> Dict[Any, float]:
    """Value of each sample by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counters_are_those_of_the_run() -> None:
    with LiveView() as view:
        inlet = Inlet(lossless=False, capacity=1)
        inlet.captured, inlet.superseded = 1000, 7
        view.meter.watch(inlet)
        next(events(view.get("/detections", stream=True)))
        view.pause()
        samples = _samples(view.get("/metrics").text)
    assert samples["splitdet_frames_captured_total",] == 1000
    assert samples["splitdet_frames_finished_total",] == view.meter.frames_out > 0
    assert samples["splitdet_frames_dropped_total", ("reason", "superseded by a newer frame")] == 7
    assert samples["splitdet_score_threshold_ratio",] == 0.5
    assert samples["process_resident_memory_bytes",] > 1e6


def test_times_are_histograms_in_seconds() -> None:
    with LiveView() as view:
        next(events(view.get("/detections", stream=True)))
        view.pause()
        samples = _samples(view.get("/metrics").text)
        latency = view.meter.latency
    name = "splitdet_frame_latency_seconds"
    assert samples[name + "_count",] == latency.count
    assert samples[name + "_sum",] == pytest.approx(latency.total_s)
    buckets = [value for key, value in samples.items() if key[0] == name + "_bucket"]
    assert buckets == sorted(buckets)
    assert buckets[-1] == latency.count
    stage = ("stage", "output")
    assert samples["splitdet_stage_duration_seconds_count", stage] == latency.count


def test_what_runs_is_an_info_metric() -> None:
    with LiveView() as view:
        samples = _samples(view.get("/metrics").text)
    (info,) = (dict(key[1:]) for key in samples if key[0] == "splitdet_run_info")
    assert (info["engine"], info["model_type"], info["source"]) == ("no engine", "fake", "rtsp://cam/1")


def test_names_that_are_not_utf_8_are_escaped() -> None:
    name = os.fsdecode(b"caf\xe9")
    with LiveView(source=name, model_path=name) as view:
        figures = view.get("/figures").json()
        samples = _samples(view.get("/metrics").text)
    (info,) = (dict(key[1:]) for key in samples if key[0] == "splitdet_run_info")
    shown = [(told["source"], told["model"]) for told in (figures, info)]
    assert shown == [(r"caf\udce9", r"caf\udce9")] * 2


def test_the_newer_format_is_given_to_who_asks_for_it() -> None:
    with LiveView() as view:
        answer = view.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    families = list(openmetrics_parser.text_string_to_metric_families(answer.text))
    assert "splitdet_frame_latency_seconds" in {family.name for family in families}


def test_the_names_are_those_that_the_documentation_lists() -> None:
    page = (ROOT / "docs" / "web.md").read_text(encoding="utf-8")
    with LiveView() as view:
        families = text_string_to_metric_families(view.get("/metrics").text)
        ours = [family.name for family in families if family.name.startswith("splitdet_")]
    assert ours
    assert [name for name in ours if f"`{name}" not in page] == []
