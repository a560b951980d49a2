"""Two results side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench_results import content, row
from splitdet.bench.compare import compare, read_result
from splitdet.errors import SourceError


@pytest.mark.parametrize(
    ("then", "words"),
    [([105, 107], "within the noise"), ([111, 113], "faster"), ([89, 91], "slower")],
)
def test_a_row_differs_where_the_change_is_more_than_both_deviations(then: list, words: str) -> None:
    first, second = content([row(True, [98, 104])]), content([row(True, then)])  # 101 ± 4.24; ± 1.41
    assert words in compare(first, second)


def test_one_round_says_nothing_of_the_noise() -> None:
    assert "not known" in compare(content([row(True, [1])]), content([row(True, [9])]))


def test_the_folder_of_a_model_does_not_matter() -> None:
    moved = row(True, [20, 22])
    moved.case = replace(moved.case, model="elsewhere/m")
    text = compare(content([row(True, [10, 11])]), content([moved]))
    assert "| 2.000 |" in text


def test_rows_that_only_one_result_has_are_counted() -> None:
    both = [row(True, [10, 11]), row(False, [10, 11])]
    assert "\n1 rows are in one of them only" in compare(content(both), content(both[:1]))


def test_results_without_a_common_case_are_refused() -> None:
    with pytest.raises(SourceError, match="no case in common"):
        compare(content([row(True, [1])]), content([row(False, [1])]))


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", '{"schema": 1}', '{"schema": 9, "kind": "bench"}'),
        *('{"schema": 1, "kind": "bench"}', '{"schema": 1, "kind": "bench", "rows": 7}'),
    ],
)
def test_another_file_is_refused_by_its_name(text: str, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(SourceError, match=r"other\.json: not a file that 'splitdet bench --json' wrote"):
        read_result(str(file))


CASE = {"model": "m", "engine": "e", "split": True, "size": "8x8", "display": "off", "settings": {}}


@pytest.mark.parametrize(
    "rows",
    [
        *([1], [{}], [{"case": CASE}], [{"case": CASE, "reason": ""}], [{"case": [], "reason": "no"}]),
        [{"case": {**CASE, "colour": "red"}, "reason": "no"}],
        [{"case": {**CASE, "settings": []}, "reason": "no"}],
        [{"case": {**CASE, "engine": {}}, "reason": "no"}],
        [{"case": {name: CASE[name] for name in CASE if name != "display"}, "reason": "no"}],
        [{"case": CASE, "reason": "", "fps": {"mean": "1", "std": None}, "latency_ms": {"p95": 1}}],
        [{"case": CASE, "reason": "", "fps": {"mean": None, "std": None}, "latency_ms": {"p95": 1}}],
    ],
)
def test_a_damaged_row_is_refused_by_the_name_of_its_file(tmp_path: Path, rows: list) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps({"schema": 1, "kind": "bench", "rows": rows}))
    with pytest.raises(SourceError, match=r"other\.json: not a file that 'splitdet bench --json' wrote"):
        read_result(str(file))


def test_a_rate_that_was_rounded_to_nothing_has_no_ratio() -> None:
    slow, fast = content([row(True, [0.001, 0.002])]), content([row(True, [1, 2])])
    assert "| -     |" in compare(slow, fast)


def test_a_result_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    written = content([row(True, [1, 2])])
    file.write_text(json.dumps(written))
    assert read_result(str(file)) == written
