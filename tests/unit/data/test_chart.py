"""The chart."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import cv2
import pytest

from datasets import record
from splitdet.data.chart import write_chart
from splitdet.data.records import Box
from splitdet.data.statistics import Statistics
from splitdet.errors import DataError


def some() -> Statistics:
    boxes = [Box("cat", 1, 2, 30, 40), Box("$x_1$", 1, 2, 90, 60)]
    return Statistics([record(0, boxes, part="train"), record(1, boxes[:1], part="test")])


def test_a_chart_is_a_picture(tmp_path: Path) -> None:
    write_chart(some(), tmp_path / "new/chart.png")
    picture = cv2.imread(str(tmp_path / "new/chart.png"))
    assert picture is not None
    assert picture.std() > 10


def test_a_chart_may_be_a_drawing_with_the_names_of_all_classes(tmp_path: Path) -> None:
    write_chart(some(), tmp_path / "chart.svg")
    text = (tmp_path / "chart.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    for word in ("cat", "$x_1$", "train", "test"):
        assert f"<!-- {word} -->" in text or f">{word}<" in text


def test_nothing_makes_a_chart_too(tmp_path: Path) -> None:
    write_chart(Statistics(), tmp_path / "chart.png")
    assert (tmp_path / "chart.png").is_file()


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"chart\.txt: a chart is a \.png, \.svg"):
        write_chart(some(), tmp_path / "chart.txt")
