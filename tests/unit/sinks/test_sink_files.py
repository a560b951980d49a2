"""Files that results go to, and what stands in their way."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from results import FOUND, PICTURE, frame
from splitdet.errors import SinkError
from splitdet.labels import Labels
from splitdet.sinks.coco import CocoSink
from splitdet.sinks.crops import CropSink
from splitdet.sinks.csv_rows import CsvSink
from splitdet.sinks.files import (
    TextFile,
    frame_name,
    free_path,
    safe_name,
    write_json,
    write_picture,
)
from splitdet.sinks.json_lines import JsonSink
from splitdet.sinks.pictures import ImageSink
from splitdet.sinks.video import VideoSink


def test_a_summary_is_written_as_json(tmp_path: Path) -> None:
    write_json(str(tmp_path / "new" / "summary.json"), {"fps": 12.5})
    assert json.loads((tmp_path / "new" / "summary.json").read_text(encoding="utf-8")) == {"fps": 12.5}


def test_a_free_path_is_one_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.b" / "c.png"
    path.parent.mkdir()
    taken = []
    for _ in range(3):
        taken.append(Path(free_path(str(path))))
        taken[-1].touch()
    assert [each.name for each in taken] == ["c.png", "c_1.png", "c_2.png"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dining table", "dining table"),
        ("größe", "größe"),
        ("a/b\\c:d", "a_b_c_d"),
        ("..", "_"),
        ("", "_"),
        ("CON?*", "CON__"),
    ],
)
def test_names_lose_what_some_file_system_does_not_take(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_the_address_of_a_camera_and_its_password_are_in_no_name() -> None:
    assert frame_name("rtsp://me:secret@192.0.2.1/live", 7) == "frame_000007"


def test_a_name_that_is_no_text_is_written_as_it_is(tmp_path: Path) -> None:
    file = TextFile(str(tmp_path / "a.csv"))
    file.write(os.fsdecode(b"caf\xe9.jpg\n"))
    file.close()
    assert (tmp_path / "a.csv").read_bytes() == b"caf\xe9.jpg\n"


def test_a_line_that_was_cut_off_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("old\nhalf of a l")
    file = TextFile(str(path), append=True)
    file.write("new\n")
    file.close()
    assert path.read_text() == "old\nhalf of a l\nnew\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_can_be_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    file = TextFile(str(path), append=True)
    file.write("new\n")
    assert os.read(reader, 100) == b"new\n"
    file.close()
    os.close(reader)


@pytest.mark.parametrize(("append", "content"), [(False, "new\n"), (True, "old\nnew\n")])
def test_a_text_file_begins_anew_or_is_gone_on_with(tmp_path: Path, append: bool, content: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old\n", encoding="utf-8")
    file = TextFile(str(path), append=append)
    file.write("new\n")
    file.close()
    assert path.read_text(encoding="utf-8") == content


WRITERS = {
    "video": lambda path: VideoSink(path + ".avi", 10.0, live=False),
    "picture": lambda path: ImageSink(path).write(frame(source="a.png"), FOUND, PICTURE),
    "lines": lambda path: JsonSink(path, Labels({})),
    "rows": lambda path: CsvSink(path, Labels({})),
    "coco": CocoSink,
    "crops": lambda path: CropSink(path, Labels({})).write(frame(), FOUND, None),
    "summary": lambda path: write_json(path, {}),
}


@pytest.mark.parametrize("kind", sorted(WRITERS))
def test_a_file_in_the_way_of_a_folder_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    write: Callable[[str], Any] = WRITERS[kind]
    with pytest.raises(SinkError, match=r"Not a directory|File exists"):
        write(str(tmp_path / "file" / "out"))


@pytest.mark.parametrize("kind", ["lines", "rows", "coco", "summary"])
def test_a_folder_in_the_way_of_a_file_is_an_error(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SinkError, match="Is a directory"):
        WRITERS[kind](str(tmp_path))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("kind", ["lines", "coco"])
def test_a_full_disk_is_an_error_of_the_sink(kind: str) -> None:
    sink = WRITERS[kind]("/dev/full")
    with pytest.raises(SinkError, match="/dev/full: No space left on device"):
        sink.write(frame(), FOUND, None)
    with pytest.raises(SinkError, match="/dev/full: No space left on device"):
        sink.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("side_px", [8, 800])
def test_a_full_disk_is_an_error_of_a_picture_however_small(tmp_path: Path, side_px: int) -> None:
    path = tmp_path / "a.png"
    path.symlink_to("/dev/full")
    picture = np.random.RandomState(0).randint(0, 255, (side_px, side_px, 3)).astype(np.uint8)
    with pytest.raises(SinkError, match=r"a\.png: No space left on device"):
        write_picture(str(path), picture)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_an_error_of_a_table_at_once() -> None:
    with pytest.raises(SinkError, match="/dev/full: No space left on device"):
        WRITERS["rows"]("/dev/full")
