"""Results as a tree of pictures, read back with OpenCV."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from results import FOUND, PICTURE, frame, pictured
from splitdet.errors import SinkError
from splitdet.sinks.pictures import ImageSink
from splitdet.sinks.raw import RawSink


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.mark.parametrize("name", ["a.png", "sub/b.bmp"])
def test_a_picture_keeps_its_path_below_the_folder(name: str) -> None:
    ImageSink("out").write(frame(source=name), FOUND, PICTURE)
    np.testing.assert_array_equal(cv2.imread(os.path.join("out", name)), PICTURE)


@pytest.mark.parametrize(
    ("name", "magic"),
    [("a.jpg", b"\xff\xd8"), ("a.PNG", b"\x89PNG"), ("a.webp", b"RIFF"), ("a.tif", b"II*\0")],
)
def test_a_picture_keeps_its_format(name: str, magic: bytes) -> None:
    ImageSink("out").write(frame(source=name), FOUND, PICTURE)
    assert Path("out", name).read_bytes().startswith(magic)


def test_a_picture_from_elsewhere_stays_below_the_folder(tmp_path: Path) -> None:
    ImageSink("out").write(frame(source=os.path.join("..", "a.png")), FOUND, PICTURE)
    inside = Path(str(tmp_path / "a.png").lstrip(os.sep))
    assert (Path("out") / inside).is_file()


def test_a_picture_is_never_written_over_its_source() -> None:
    cv2.imwrite("a.png", PICTURE)
    with pytest.raises(SinkError, match=r"a\.png: would be written over"):
        ImageSink(".").write(pictured(source="a.png"), FOUND, np.zeros_like(PICTURE))
    np.testing.assert_array_equal(cv2.imread("a.png"), PICTURE)


def test_a_raw_picture_has_nothing_drawn() -> None:
    RawSink(ImageSink("out")).write(pictured(), FOUND, np.zeros_like(PICTURE))
    np.testing.assert_array_equal(cv2.imread(os.path.join("out", "a.png")), PICTURE)
