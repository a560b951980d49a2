"""Names of files, parts of datasets, and what lies outside."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Optional, Tuple

import pytest

from splitdet.data.places import (
    files_below,
    find_picture,
    inside,
    part_of,
    part_of_folder,
    placed,
    safe_name,
)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("instances_train2017.json", "train"),
        ("train.record-00000-of-00003", "train"),
        ("validation-annotations-bbox.csv", "val"),
        ("coco_val.record", "val"),
        ("test_labels.csv", "test"),
        ("trainval.txt", "train"),
        ("instances.json", ""),
        ("contest.json", ""),
        ("trains.json", ""),
    ],
)
def test_a_file_tells_its_part(name: str, part: str) -> None:
    assert part_of(name) == part


@pytest.mark.parametrize(("name", "part"), [("Train", "train"), ("valid", "val"), ("my_test", "")])
def test_a_folder_tells_its_part_by_its_whole_name_only(name: str, part: str) -> None:
    assert part_of_folder(name) == part


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.jpg", ("", "a.jpg")),
        ("images/train/a.jpg", ("train", "a.jpg")),
        ("train/images/x/a.jpg", ("train", "x/a.jpg")),
        ("x/train/a.jpg", ("", "x/train/a.jpg")),
        ("train/test/a.jpg", ("train", "test/a.jpg")),
        ("images/train", ("", "train")),
    ],
)
def test_a_picture_has_a_part_and_a_name(path: str, expected: Tuple[str, str]) -> None:
    assert placed(PurePosixPath(path), {"images"}) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a.jpg", "a.jpg"),
        ("x/a.jpg", "x/a.jpg"),
        ("x\\a.jpg", "x/a.jpg"),
        ("./x/../a.jpg", "a.jpg"),
        ("..a.jpg", "..a.jpg"),
        ("../a.jpg", None),
        ("x/../../a.jpg", None),
        ("..\\a.jpg", None),
        ("..", None),
        ("/etc/passwd", None),
        ("\\\\server\\share\\a.jpg", None),
        ("C:\\a.jpg", None),
        ("C:a.jpg", None),
        ("a\x00.jpg", None),
        ("", None),
        (".", None),
    ],
)
def test_a_path_that_leads_outside_is_none(written: str, expected: Optional[str]) -> None:
    found = inside(written)
    assert (None if found is None else str(found)) == expected


def test_files_come_sorted_and_hidden_ones_do_not(tmp_path: Path) -> None:
    for name in ("b/x.XML", "a.xml", ".hidden.xml", ".git/y.xml", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    names = [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path, (".xml",))]
    assert names == ["a.xml", "b/x.XML"]


def test_links_to_folders_are_followed_and_loops_end(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.xml").write_text("")
    (tmp_path / "set/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set/loop").symlink_to(tmp_path / "set")
    assert [path.name for path in files_below(tmp_path / "set", (".xml",))] == ["a.xml"]


def test_the_name_that_is_written_is_preferred_to_one_that_is_similar(tmp_path: Path) -> None:
    for name in ("x/a.png", "a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    folders = [tmp_path, tmp_path / "x"]
    assert find_picture(folders, ["a.png"]) == tmp_path / "x/a.png"
    assert find_picture(folders, ["a"]) == tmp_path / "a.jpg"
    assert find_picture(folders, ["b.png"]) is None


@pytest.mark.parametrize("name", [300 * "a" + ".jpg", 300 * "a", "\ud83d.jpg"])
def test_a_name_that_no_file_can_have_is_not_there(tmp_path: Path, name: str) -> None:
    assert find_picture([tmp_path], [name]) is None


def test_a_name_with_dots_is_not_cut(tmp_path: Path) -> None:
    (tmp_path / "v1.2.jpg").write_text("")
    assert find_picture([tmp_path], ["v1.2"]) == tmp_path / "v1.2.jpg"
    assert find_picture([tmp_path], ["v1.3"]) is None


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("x/a b.jpg", "x/a b.jpg"),
        ("Straße.jpg", "Straße.jpg"),
        ("../../a.jpg", "a.jpg"),
        ("/a.jpg", "a.jpg"),
        ("C:\\x\\a.jpg", "C_/x/a.jpg"),
        ('a<>:"|?*\n.jpg', "a________.jpg"),
        ("..", "picture"),
        ("", "picture"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe
