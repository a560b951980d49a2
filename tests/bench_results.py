"""Results of benchmarks that were never run."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from splitdet.bench.case import Case
from splitdet.bench.measure import Plan, Row, as_records

MACHINE = {
    "date": "2026-01-01",
    "command": "splitdet bench m",
    "splitdet": "0",
    "commit": "abc",
    "python": "3",
    "packages": {"numpy": "1"},
    "cpu": "a processor",
    "cores": 2,
    "gpus": [],
    "board": "",
    "system": "Linux",
}


def run(fps: float, p95_ms: float = 20.0, **usage: Any) -> Dict[str, Any]:
    """The summary of one run, as far as it matters."""
    return {
        "fps": fps,
        "engine": "an engine",
        "frames_in": 10,
        "dropped": {"late": 1},
        "latency_ms": {"mean": 10.0, "p50": 10.0, "p95": p95_ms, "p99": 30.0, "max": 31.0},
        "stages_ms": {"cpu": {"mean": 1.0}},
        "usage": usage,
    }


def row(split: bool, rates: Sequence[float], engine: str = "tensorflow", **usage: Any) -> Row:
    """A case with a run for each rate."""
    return Row(Case("m", engine, split, "8x8"), [run(fps, **usage) for fps in rates])


def content(rows: List[Row]) -> Dict[str, Any]:
    """What `splitdet bench --json` writes of them."""
    plan = {"input": "a.mp4", "rounds": 2, "seconds": 1.0, "warm_up_s": 0.5, "rate": Plan("").rate}
    return {
        "schema": 1,
        "kind": "bench",
        "machine": MACHINE,
        "plan": plan,
        "rows": as_records(rows),
    }
