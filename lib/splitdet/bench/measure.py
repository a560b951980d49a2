"""Rounds of all cases in turn, so that whatever else the machine does hits all of them alike."""

from __future__ import annotations

import json
import logging
import statistics
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence

from splitdet.bench.case import Case
from splitdet.bench.once import Task
from splitdet.errors import EXIT_OK
from splitdet.own_process import call_module, why_failed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What holds for all cases."""

    input: str
    """See `frames.Input`."""
    config: Optional[str] = None
    overrides: Sequence[str] = ()
    """`key=value` of config.yml."""
    rounds: int = 3
    seconds: float = 4.0
    """Of one round of one case, after the warm-up."""
    warm_up_s: float = 1.0
    rate: float = 0.0
    """Frames per second, as of a camera; 0: as fast as they are taken."""


@dataclass
class Row:
    """A case, and the summary of each of its runs."""

    case: Case
    runs: List[Dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    """Why it did not run; it was not tried again then."""


def measure(cases: Iterable[Case], plan: Plan) -> List[Row]:
    """Run all cases, round after round, each run in a process of its own."""
    rows = [Row(case) for case in cases]
    for number in range(plan.rounds):
        for place, row in enumerate(rows):
            if row.reason:
                continue
            _run(row, plan)
            rate = "{fps:.1f} FPS".format(**row.runs[-1]) if not row.reason else row.reason
            where = f"round {number + 1} of {plan.rounds}, {place + 1} of {len(rows)}"
            log.info("%s: %s: %s", where, title(row.case), rate)
    return rows


def _run(row: Row, plan: Plan) -> None:
    """One run; its summary or the reason why there is none goes to `row`."""
    case = row.case
    task = Task(
        overrides=[*plan.overrides, *case.overrides],
        config=plan.config,
        input=plan.input,
        size_px=case.size_px,
        seconds=plan.seconds,
        rate=plan.rate,
        warm_up_s=plan.warm_up_s,
    )
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "task.json", Path(folder) / "result.json"
        asked.write_text(json.dumps(asdict(task)), encoding="utf-8")
        done = call_module("splitdet.bench.once", [str(asked), str(answer)])
        if done.returncode == EXIT_OK:
            row.runs.append(json.loads(answer.read_text(encoding="utf-8")))
        else:
            row.reason = why_failed(done.returncode, done.stderr)


def title(case: Case) -> str:
    """A case in a few words."""
    words = [Path(case.model).name, case.engine, "split" if case.split else "not split", case.size]
    if case.display != "off":
        words.append(f"display {case.display}")
    words += [f"{key}={value}" for key, value in case.settings.items()]
    return ", ".join(words)


def as_records(rows: Sequence[Row]) -> List[Dict[str, Any]]:
    """All rows with their figures, ready for JSON.

    Of the rates mean, median, sample standard deviation (None for one round), least and most; the
    other figures are medians of the rounds. `ratio` is to the same case not split, round by round.
    """
    return [_record(row, rows) for row in rows]


def _record(row: Row, rows: Sequence[Row]) -> Dict[str, Any]:
    record: Dict[str, Any] = {"case": asdict(row.case), "reason": row.reason}
    if row.reason:
        return record
    rates = [run["fps"] for run in row.runs]
    record["engine"] = row.runs[0]["engine"]
    record["fps"] = spread(rates)
    record["ratio"] = _ratio(row, rows)
    for name in ("latency_ms", "usage"):
        record[name] = _medians([run[name] for run in row.runs])
    record["stages_ms"] = {
        stage: _median([run["stages_ms"][stage]["mean"] for run in row.runs])
        for stage in row.runs[0]["stages_ms"]
    }
    record["frames_in"] = sum(run["frames_in"] for run in row.runs)
    record["dropped"] = sum(sum(run["dropped"].values()) for run in row.runs)
    return record


def spread(values: Sequence[float]) -> Dict[str, Any]:
    """How far some figures are apart, and the figures."""
    return {
        "mean": round(statistics.mean(values), 2),
        "median": round(statistics.median(values), 2),
        "std": round(statistics.stdev(values), 2) if len(values) > 1 else None,
        "min": round(min(values), 2),
        "max": round(max(values), 2),
        "rounds": [round(value, 2) for value in values],
    }


def _ratio(row: Row, rows: Sequence[Row]) -> Optional[float]:
    """To the same case not split; None where that did not run."""
    wanted = row.case.opposite_key()
    for other in rows:
        is_base = not other.case.split and other.case.opposite_key() == wanted
        if is_base and not other.reason:
            ratios = [one["fps"] / base["fps"] for one, base in zip(row.runs, other.runs)]
            return _median(ratios)
    return None


def _medians(records: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
    """Of each figure in records that are alike; those within are treated the same."""
    found: Dict[str, Any] = {}
    for name, value in records[0].items():
        values = [record[name] for record in records if name in record]
        found[name] = _medians(values) if isinstance(value, dict) else _median(values)
    return found


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)
