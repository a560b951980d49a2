"""The table, and the chart."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bench_results import content, row
from splitdet.bench import chart
from splitdet.bench.measure import Row
from splitdet.bench.report import as_markdown, as_table
from splitdet.errors import ConfigError


def test_columns_that_say_nothing_are_left_out() -> None:
    head = as_table(content([row(True, [1, 2]), row(False, [1, 2])])["rows"]).splitlines()[0]
    for word in ("model", "display", "settings", "CPU %", "GPU %", "power"):
        assert word not in head
    for word in ("engine", "split", "size", "FPS", "std", "p99 ms"):
        assert word in head


def test_what_the_machine_tells_has_a_column() -> None:
    usage = {"gpu_percent": 40.0, "power_w": {"gpu": 55.55}}
    lines = as_table(content([row(True, [1, 2], **usage)])["rows"]).splitlines()
    assert "GPU %" in lines[0]
    assert "gpu 55.5" in lines[2] or "gpu 55.6" in lines[2]


def test_a_case_that_did_not_run_says_why_below_the_table() -> None:
    failed = Row(row(False, []).case, [], "not possible: there is no screen")
    text = as_table(content([row(True, [1, 2]), failed])["rows"])
    assert text.endswith("\n\nnot possible: there is no screen")


def test_what_auto_took_stands_below_the_table() -> None:
    rows = [row(True, [1, 2]), row(True, [1, 2], "auto"), row(False, [1, 2], "auto")]
    assert as_table(content(rows)["rows"]).endswith("|\n\nauto: an engine")


def test_the_page_names_the_machine_and_the_command() -> None:
    page = as_markdown(content([row(True, [1, 2])]))
    assert "a processor, 2 cores" in page
    assert page.endswith("    splitdet bench m")


def test_the_chart_has_a_bar_of_its_colour_for_each_case(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "rates.png"
    chart.draw(content([row(True, [10, 12]), row(False, [5, 6])]), str(path))
    picture = cv2.imread(str(path))
    areas = []
    for split in (True, False):
        wanted = [int(chart.COLOURS[split][place : place + 2], 16) for place in (5, 3, 1)]  # BGR
        areas.append(np.all(np.abs(picture.astype(int) - wanted) <= 2, axis=2).sum())
    assert areas[0] / areas[1] == pytest.approx(2, rel=0.1)


def test_a_chart_that_could_not_be_drawn_is_refused_before_anything_runs() -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(ConfigError, match=r"does not draw \.xyz"):
        chart.check_chart("rates.xyz")
