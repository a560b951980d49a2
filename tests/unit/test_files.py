"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitdet.cache import write_cache
from splitdet.files import write_whole, written_whole


def test_a_file_is_written_into_a_folder_that_is_made_for_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "new" / "file", b"data")
    assert (tmp_path / "new" / "file").read_bytes() == b"data"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]


def test_after_an_error_the_file_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(TypeError), written_whole(path) as file:
        file.writelines([b"after", None])
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with written_whole(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"half"


def test_a_cache_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()  # a file cannot take the place of a folder
    write_cache(tmp_path / "taken", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
