"""The file that `--json`, `--csv` or `--coco` names."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from splitdet.errors import SinkError
from splitdet.labels import Labels
from splitdet.sinks.base import Sink
from splitdet.sinks.coco import CocoSink
from splitdet.sinks.csv_rows import CsvSink
from splitdet.sinks.json_lines import JsonSink

MAKERS = [lambda path: JsonSink(path, Labels({})), lambda path: CsvSink(path, Labels({})), CocoSink]
each_kind = pytest.mark.parametrize("make", MAKERS, ids=["json", "csv", "coco"])


@each_kind
def test_a_dash_is_refused_and_no_file_of_that_name_is_made(
    make: Callable[[str], Sink], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SinkError, match=r"^-: expects a file; /dev/stdout is standard output"):
        make("-")
    assert not list(tmp_path.iterdir())


@each_kind
def test_a_name_that_ends_with_a_slash_is_refused_and_no_folder_is_made(
    make: Callable[[str], Sink], tmp_path: Path
) -> None:
    with pytest.raises(SinkError, match="/new/: is a folder; expects a file"):
        make(f"{tmp_path}/new/")
    assert not list(tmp_path.iterdir())
