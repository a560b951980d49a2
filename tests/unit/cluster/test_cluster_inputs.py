"""Inputs of a cluster, cut into shards."""

from __future__ import annotations

import itertools
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Iterator, List

import pytest

from splitdet.cluster import inputs
from splitdet.cluster.inputs import Kind, Shard, cut
from splitdet.errors import SourceError
from splitdet.sources.images import find_pictures


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Path:
    """Folders whose names sort otherwise than their paths."""
    for name in ("a.jpg", "a-b/1.jpg", "a/2.png", "a/b/3.JPG", "a.b/4.bmp", "z/5.webp", "Z.jpeg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    return tmp_path


def all_items(shards: Iterator[Shard]) -> List[str]:
    return [item for shard in shards for item in shard.items]


def test_a_folder_gives_its_pictures_in_the_order_of_a_plain_run(tree: Path) -> None:
    assert all_items(cut([str(tree)], 2, 1)) == find_pictures(str(tree))


def test_pictures_are_numbered_on_from_shard_to_shard(tree: Path) -> None:
    shards = list(cut([str(tree)], 3, 1))
    assert [(shard.name, len(shard.items), shard.first) for shard in shards] == [
        ("part-000000", 3, 0),
        ("part-000001", 3, 3),
        ("part-000002", 1, 6),
    ]


def test_a_video_is_a_shard_of_its_own(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.mp4", "3.jpg", "4.AVI"):
        (tmp_path / name).touch()
    shards = [
        (shard.name, [os.path.basename(item) for item in shard.items])
        for shard in cut([str(tmp_path)], 10, 1)
    ]
    assert shards == [
        ("video-000000", ["2.mp4"]),
        ("video-000001", ["4.AVI"]),
        ("part-000002", ["1.jpg", "3.jpg"]),
    ]


def test_a_list_names_pictures_videos_and_streams(tmp_path: Path) -> None:
    lines = [
        "b.jpg",
        "",
        "a b.png",
        "rtsp://host/1",
        "http://host/live.jpg",
        "clip.mp4",
        "rtsp://host/3",
    ]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    shards = {shard.kind: shard.items for shard in cut([str(tmp_path / "list.txt")], 10, 3)}
    assert shards == {
        Kind.VIDEO: ("clip.mp4",),
        Kind.STREAMS: ("rtsp://host/1", "http://host/live.jpg", "rtsp://host/3"),
        Kind.PICTURES: ("b.jpg", "a b.png"),
    }


def test_several_inputs_come_one_after_the_other(tree: Path, tmp_path: Path) -> None:
    specs = [str(tree / "z"), "synthetic:3", str(tree / "a.jpg")]
    assert all_items(cut(specs, 1, 1)) == [str(tree / "z" / "5.webp"), *specs[1:]]


def test_a_list_is_read_only_as_far_as_shards_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "endless.txt"
    os.mkfifo(str(path))

    def write() -> None:  # a list without end, which could never be read whole
        with suppress(BrokenPipeError), open(str(path), "w") as file:
            for number in itertools.count():
                file.write(f"{number}.jpg\n")

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    shards = cut([str(path)], 2, 1)
    assert [shard.first for shard in itertools.islice(shards, 1000)] == list(range(0, 2000, 2))
    shards.close()
    writer.join(20)
    assert not writer.is_alive()


def test_a_folder_is_read_only_when_its_turn_comes(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned: List[str] = []
    scan = os.scandir
    monkeypatch.setattr(inputs.os, "scandir", lambda path: scanned.append(path) or scan(path))
    next(cut([str(tree)], 1, 1))
    assert scanned == [str(tree)]


def test_the_digest_of_a_shard_is_that_of_its_names() -> None:
    one = Shard(1, Kind.PICTURES, ("a", "b"), 5)
    assert one.digest == Shard(2, Kind.PICTURES, ("a", "b"), 9).digest
    assert one.digest != Shard(1, Kind.PICTURES, ("a", "c"), 5).digest
    assert one.digest != Shard(1, Kind.PICTURES, ("ab",), 5).digest


def test_names_that_are_not_text_are_kept(tmp_path: Path) -> None:
    try:
        with open(os.fsencode(str(tmp_path)) + b"/\xff.jpg", "w"):
            pass
    except OSError:
        pytest.skip("this file system takes only names that are text")
    (shard,) = cut([str(tmp_path)], 1, 1)
    assert os.path.exists(shard.items[0])
    assert len(shard.digest) == 16


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("gone", "gone: no such file or folder"),
        ("*.jpg", r"\*.jpg: --cluster takes a folder or a list of paths, and no wildcard"),
        ("empty", "empty: no pictures and no videos"),
        ("closed", "closed: Permission denied"),
    ],
)
def test_an_input_that_cannot_be_used_is_one_line(
    spec: str, message: str, working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (working_folder / "empty").mkdir()
    (working_folder / "closed").mkdir()
    scan = os.scandir

    def scandir(path: str) -> Iterator[os.DirEntry[str]]:
        if path == "closed":  # root may read what is closed to others
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(inputs.os, "scandir", scandir)
    with pytest.raises(SourceError, match=f"^{message}$"):
        list(cut([spec], 1, 1))
