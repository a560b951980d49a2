"""Results as a table, read back with csv."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Dict, List

from results import FOUND, frame, with_masks_and_tracks
from splitdet.labels import Labels
from splitdet.sinks.csv_rows import CsvSink
from splitdet.types import Detections


def written(path: Path, *results: Detections, label: str = "person") -> List[Dict[str, str]]:
    """Rows by the names of their columns."""
    sink = CsvSink(str(path), Labels({1: label}))
    for index, found in enumerate(results):
        sink.write(frame(index, "größe.mp4", index / 8), found, None)
    sink.close()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_says_what_where_and_when(tmp_path: Path) -> None:
    rows = written(tmp_path / "out.csv", Detections.none(), FOUND)
    assert rows[0] == {
        "source": "größe.mp4",
        "frame": "1",
        "time_s": "0.125",
        "width": "64",
        "height": "48",
        "label": "person",
        "class_id": "1",
        "score": "0.9",
        "track": "",
        "xmin_px": "16",
        "ymin_px": "5",
        "xmax_px": "48",
        "ymax_px": "24",
    }


def test_every_detection_is_a_row_and_a_frame_without_one_has_none(tmp_path: Path) -> None:
    rows = written(tmp_path / "out.csv", FOUND, Detections.none(), FOUND)
    assert [(row["frame"], row["class_id"]) for row in rows] == [
        *(("0", "1"), ("0", "7")),
        *(("2", "1"), ("2", "7")),
    ]


def test_tracks_have_a_column(tmp_path: Path) -> None:
    rows = written(tmp_path / "out.csv", with_masks_and_tracks())
    assert [row["track"] for row in rows] == ["12", "5"]


def test_a_name_with_commas_and_quotes_stays_one_field(tmp_path: Path) -> None:
    name = 'cup, "small"\nwhite'
    assert written(tmp_path / "out.csv", FOUND, label=name)[0]["label"] == name
