"""Results as Parquet, read back with pyarrow and compared with the JSON lines of the same frames."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from results import FOUND, frame, with_masks_and_tracks
from splitdet.errors import ExtraError, SinkError
from splitdet.labels import Labels
from splitdet.sinks import parquet
from splitdet.sinks.json_lines import JsonSink
from splitdet.sinks.parquet import ROWS_OF_A_GROUP, ParquetSink
from splitdet.types import Detections, Segmentation

LABELS = Labels({1: "person"})
PIXELS = Segmentation.of_pixels(np.eye(20, dtype=np.uint8), 1)


def without_nulls(value: Any) -> Any:
    """What a model does not give is null in Parquet, and missing in JSON."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def rows_of(path: Path) -> List[Dict[str, Any]]:
    reader = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
    rows: List[Dict[str, Any]] = without_nulls(reader.read_table(str(path)).to_pylist())
    return rows


@pytest.mark.parametrize("found", [FOUND, Detections.none(), with_masks_and_tracks(), PIXELS])
@pytest.mark.parametrize("box_px", [False, True])
def test_rows_hold_what_the_lines_of_json_hold(tmp_path: Path, found: Detections, box_px: bool) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow")
    for sink in (
        ParquetSink(str(tmp_path / "out.parquet"), LABELS, box_px),
        JsonSink(str(tmp_path / "out.jsonl"), LABELS, box_px),
    ):
        sink.write(frame(3, "größe.mp4", 0.125), found, None)
        sink.close()
    (line,) = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert rows_of(tmp_path / "out.parquet") == [json.loads(line)]


def test_a_file_without_a_frame_has_all_columns(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow")
    reader = pytest.importorskip("pyarrow.parquet")
    for name, count in (("none", 0), ("one", 1)):
        sink = ParquetSink(str(tmp_path / name), LABELS)
        for index in range(count):
            sink.write(frame(index), FOUND, None)
        sink.close()
    assert rows_of(tmp_path / "none") == []
    assert reader.read_schema(str(tmp_path / "none")) == reader.read_schema(str(tmp_path / "one"))


def test_frames_are_written_in_groups_and_in_order(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow")
    sink = ParquetSink(str(tmp_path / "out.parquet"), LABELS)
    for index in range(ROWS_OF_A_GROUP + 1):
        sink.write(frame(index), Detections.none(), None)
    sink.close()
    indices = [row["frame"] for row in rows_of(tmp_path / "out.parquet")]
    assert indices == list(range(ROWS_OF_A_GROUP + 1))


def test_a_name_that_is_not_utf_8_is_escaped(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow")
    sink = ParquetSink(str(tmp_path / "out.parquet"), LABELS)
    for source in ("a.jpg", os.fsdecode(b"b\xff.jpg")):
        sink.write(frame(source=source), FOUND, None)
    sink.close()
    assert [row["source"] for row in rows_of(tmp_path / "out.parquet")] == ["a.jpg", r"b\udcff.jpg"]


def test_the_file_is_given_back_when_its_end_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow")

    def fail(table: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    sink = ParquetSink(str(tmp_path / "out.parquet"), LABELS)
    sink.write(frame(), FOUND, None)
    monkeypatch.setattr(sink._file, "write_table", fail)
    with pytest.raises(SinkError, match=r"out\.parquet: No space left on device$"):
        sink.close()
    assert not sink._file.is_open


def test_without_pyarrow_the_way_to_install_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(parquet, "import_module", missing)
    with pytest.raises(ExtraError, match=r"^pyarrow is not installed: pip install 'splitdet\[ray\]'$"):
        ParquetSink(str(tmp_path / "out.parquet"), LABELS)
