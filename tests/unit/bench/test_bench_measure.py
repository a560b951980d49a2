"""Figures of several rounds."""

from __future__ import annotations

import pytest

from bench_results import row
from splitdet.bench.measure import Plan, Row, as_records, measure, spread


def test_rates_have_mean_median_deviation_and_ends() -> None:
    found = spread([1.0, 2.0, 6.0])
    assert [found[name] for name in ("mean", "median", "min", "max")] == [3.0, 2.0, 1.0, 6.0]
    assert found["std"] == pytest.approx(7**0.5, abs=0.01)  # ((-2)² + (-1)² + 3²) / (3 - 1)
    assert spread([5.0])["std"] is None


def test_the_ratio_is_taken_round_by_round_to_what_is_not_split_whatever_the_engine() -> None:
    rows = [row(True, [20, 60]), row(False, [10, 20]), row(True, [40, 40], "auto")]
    assert [record["ratio"] for record in as_records(rows)] == [2.5, 1.0, 3.0]


def test_without_the_case_that_is_not_split_there_is_no_ratio() -> None:
    failed = Row(row(False, []).case, [], "failed")
    records = as_records([row(True, [20]), failed])
    assert records[0]["ratio"] is None
    assert records[1] == {**records[1], "reason": "failed"}
    assert "fps" not in records[1]


def test_other_figures_are_medians_of_the_rounds() -> None:
    first = row(True, [1.0, 1.0], cpu_percent=50.0, power_w={"cpu": 10.0})
    first.runs[1]["usage"] = {"cpu_percent": 70.0, "power_w": {"cpu": 20.0}}
    (record,) = as_records([first])
    assert record["usage"] == {"cpu_percent": 60.0, "power_w": {"cpu": 15.0}}
    assert (record["frames_in"], record["dropped"]) == (20, 2)


def test_rounds_go_through_all_cases_in_turn_and_what_failed_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []

    def run(which: Row, plan: Plan) -> None:
        seen.append(which.case.split)
        if which.case.split:
            which.runs.append({"fps": 1.0})
        else:
            which.reason = "not possible"

    monkeypatch.setattr("splitdet.bench.measure._run", run)
    measure([row(True, []).case, row(False, []).case], Plan("", rounds=3))
    assert seen == [True, False, True, True]
