"""Pictures in a folder, by wildcard, or a single one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import cv2
import numpy as np
import pytest

from splitdet.errors import SourceError
from splitdet.sources.images import ImageSource, has_wildcard, is_image
from splitdet.types import Frame

PICTURE = np.random.RandomState(0).randint(0, 256, (40, 60, 3)).astype(np.uint8)


def _encoded(suffix: str, picture: np.ndarray = PICTURE) -> bytes:
    return bytes(cv2.imencode(suffix, picture)[1].tobytes())


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(_encoded(os.path.splitext(name)[1]))


def _names(source: ImageSource, folder: Path) -> List[str]:
    return [Path(path).relative_to(folder).as_posix() for path in source.paths]


def _frames(source: ImageSource) -> List[Frame]:
    return list(iter(source.read, None))


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff"])
def test_a_picture_is_read_pixel_for_pixel(tmp_path: Path, suffix: str) -> None:
    _write(tmp_path, "a" + suffix)
    (frame,) = _frames(ImageSource(str(tmp_path / ("a" + suffix))))
    np.testing.assert_array_equal(frame.image, PICTURE)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_a_picture_is_decoded_as_opencv_does(tmp_path: Path, suffix: str) -> None:
    _write(tmp_path, "a" + suffix)
    (frame,) = _frames(ImageSource(str(tmp_path / ("a" + suffix))))
    np.testing.assert_array_equal(frame.image, cv2.imread(str(tmp_path / ("a" + suffix))))


@pytest.mark.parametrize("channels", [None, 4])
def test_a_picture_without_colour_or_with_transparency_has_three_channels(
    tmp_path: Path, channels: int
) -> None:
    shape = (40, 60) if channels is None else (40, 60, channels)
    (tmp_path / "a.png").write_bytes(_encoded(".png", np.full(shape, 200, np.uint8)))
    (frame,) = _frames(ImageSource(str(tmp_path)))
    np.testing.assert_array_equal(frame.image, np.full((40, 60, 3), 200, np.uint8))


def test_a_folder_is_read_with_its_subfolders_in_the_order_of_paths(tmp_path: Path) -> None:
    _write(tmp_path, "b.png", "a/z.jpg", "a/b/c.webp", "B.BMP")
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    (tmp_path / "folder.png").mkdir()
    source = ImageSource(str(tmp_path))
    assert _names(source, tmp_path) == ["B.BMP", "a/b/c.webp", "a/z.jpg", "b.png"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.png", ["a.png", "b.png"]),
        ("?.*", ["a.png", "b.png", "c.jpg"]),
        ("[ab].png", ["a.png", "b.png"]),
        ("**/*.jpg", ["c.jpg", "sub/d.jpg"]),
        ("**/*", ["a.png", "b.png", "c.jpg", "sub/d.jpg"]),
    ],
)
def test_a_wildcard_finds_pictures(tmp_path: Path, pattern: str, names: List[str]) -> None:
    _write(tmp_path, *["a.png", "b.png", "c.jpg", "sub/d.jpg"])
    (tmp_path / "e.txt").write_text("no picture", encoding="utf-8")
    assert _names(ImageSource(str(tmp_path / pattern)), tmp_path) == names


def test_a_file_whose_name_looks_like_a_wildcard_is_read(tmp_path: Path) -> None:
    _write(tmp_path, "a[1].png", "a1.png")
    assert _names(ImageSource(str(tmp_path / "a[1].png")), tmp_path) == ["a[1].png"]


def test_a_file_that_is_given_in_pieces_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.RandomState(0).randint(0, 256, (20, 30, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    read = os.read
    monkeypatch.setattr(os, "read", lambda file, count: read(file, min(count, 100)))
    frame = ImageSource(str(tmp_path / "a.png")).read()
    assert frame is not None
    np.testing.assert_array_equal(frame.image, picture)


def test_a_name_that_is_not_ascii_is_read(tmp_path: Path) -> None:
    _write(tmp_path, "größe 猫.jpg")
    assert len(_frames(ImageSource(str(tmp_path)))) == 1


def test_frames_say_which_file_they_come_from(tmp_path: Path) -> None:
    _write(tmp_path, "a.png", "b.png")
    frames = _frames(ImageSource(str(tmp_path)))
    assert [(frame.index, frame.source) for frame in frames] == [
        (0, str(tmp_path / "a.png")),
        (1, str(tmp_path / "b.png")),
    ]


def test_the_count_of_pictures_is_known_before_they_are_read(tmp_path: Path) -> None:
    _write(tmp_path, "a.png", "b.png")
    assert ImageSource(str(tmp_path)).frame_count == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.jpg", b""),
        ("b.jpg", b"this is text"),
        ("b.jpg", b"\xff\xd8\xff\xd9"),
        ("b.jpg", _encoded(".jpg")[:-100]),
        ("b.jpg", _encoded(".jpg")[:20]),
        ("b.png", _encoded(".png")[:2000]),
        ("b.bmp", _encoded(".bmp")[:2000]),
        ("b.webp", _encoded(".webp")[:500]),
        ("b.tif", _encoded(".tif")[:-1]),
        ("b.tif", _encoded(".tif")[:500]),
        ("b.png", b"\x89PNG\r\n\x1a\n"),
    ],
)
def test_a_broken_picture_is_skipped_and_counted(tmp_path: Path, name: str, content: bytes) -> None:
    _write(tmp_path, "a.png", "c.png")
    (tmp_path / name).write_bytes(content)
    source = ImageSource(str(tmp_path))
    read = [Path(frame.source).name for frame in _frames(source)]
    skipped = [(Path(piece.where).name, piece.reason) for piece in source.skipped]
    assert (read, skipped) == (["a.png", "c.png"], [(name, "not a readable picture")])


def test_a_picture_that_is_gone_when_its_turn_comes_is_skipped(tmp_path: Path) -> None:
    _write(tmp_path, "a.png", "b.png")
    source = ImageSource(str(tmp_path))
    (tmp_path / "a.png").unlink()
    assert [frame.index for frame in _frames(source)] == [0]
    assert [piece.where for piece in source.skipped] == [str(tmp_path / "a.png")]


def test_several_readers_give_what_one_gives(tmp_path: Path) -> None:
    for number in range(40):
        picture = np.full((8, 8, 3), 5 * number, np.uint8)
        (tmp_path / f"{number:02}.png").write_bytes(_encoded(".png", picture))
    (tmp_path / "17.png").write_bytes(b"")
    one, many = ImageSource(str(tmp_path)), ImageSource(str(tmp_path), readers=8)
    of_one, of_many = (
        [(frame.index, frame.source, frame.image[0, 0, 0]) for frame in _frames(source)]
        for source in (one, many)
    )
    assert of_one == of_many
    assert len(of_many) == 39
    assert one.skipped == many.skipped


def test_pictures_that_were_found_elsewhere_keep_their_place(tmp_path: Path) -> None:
    _write(tmp_path, "b.png", "a.png", "c.png")
    paths = [str(tmp_path / name) for name in ("b.png", "a.png")]
    frames = _frames(ImageSource("two of them", paths, first=7))
    assert [(frame.index, frame.source) for frame in frames] == list(zip((7, 8), paths))


def test_a_skipped_picture_is_named_in_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "b.jpg").write_bytes(b"")
    _frames(ImageSource(str(tmp_path)))
    assert caplog.messages == [f"{tmp_path / 'b.jpg'}: not a readable picture; skipped"]


@pytest.mark.parametrize("pattern", ["", "*"])
def test_pictures_in_other_formats_are_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, pattern: str
) -> None:
    _write(tmp_path, "a.png")
    for name in ("b.HEIC", "c.heic", "d.avif", "e.mp4", "f.gif", "g.txt"):
        (tmp_path / name).write_bytes(b"something")
    source = ImageSource(str(tmp_path / pattern))
    assert _names(source, tmp_path) == ["a.png"]
    (message,) = caplog.messages
    assert message.endswith("left out, in formats that are not read: 3 (.avif .heic)")


def test_a_photograph_with_a_film_behind_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "moving.jpg").write_bytes(_encoded(".jpg") + bytes(5000))
    assert len(_frames(ImageSource(str(tmp_path)))) == 1


@pytest.mark.parametrize(
    ("spec", "fragment"),
    [
        ("", "no pictures in this folder (.jpeg .jpg .jpe .png .bmp .webp .tif .tiff .ppm)"),
        ("texts", "no pictures in this folder"),
        ("*.png", "this wildcard matches no pictures"),
        ("texts/*", "this wildcard matches no pictures"),
        ("none.jpg", "no such file or folder"),
        ("none/none.png", "no such file or folder"),
    ],
)
def test_where_there_are_no_pictures_the_source_is_refused(
    tmp_path: Path, spec: str, fragment: str
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("text", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        ImageSource(str(tmp_path / spec))
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("name", "yes"),
    [("a.jpg", True), ("A.JPEG", True), ("a.b.WebP", True), ("a.gif", False), ("jpg", False)],
)
def test_a_picture_is_told_by_its_name(name: str, yes: bool) -> None:
    assert is_image(name) is yes


@pytest.mark.parametrize(("name", "yes"), [("*.jpg", True), ("a?.png", True), ("a.png", False)])
def test_a_wildcard_is_told_by_its_signs(name: str, yes: bool) -> None:
    assert has_wildcard(name) is yes


def test_a_jpeg_with_fill_bytes_in_front_of_a_marker_is_read(tmp_path: Path) -> None:
    data = _encoded(".jpg")
    (tmp_path / "a.jpg").write_bytes(data[:2] + b"\xff\xff" + data[2:])
    assert len(_frames(ImageSource(str(tmp_path)))) == 1
