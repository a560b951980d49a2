"""Results on disk, read back with OpenCV and json."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable, List

import cv2
import numpy as np
import pytest

from splitdet.errors import SinkError
from splitdet.labels import Labels
from splitdet.sinks.files import ImageSink, JsonSink, VideoSink, default_movie_path, write_json
from splitdet.types import Detections, Frame

PICTURE = np.random.RandomState(0).randint(0, 256, (48, 64, 3)).astype(np.uint8)
FOUND = Detections(
    np.array([[0.1, 0.25, 0.5, 0.75], [0, 0, 1, 1]], np.float32),
    np.array([0.9, 0.5], np.float32),
    np.array([1, 7], np.int64),
)


def _frame(index: int = 0, source: str = "a.png", time_s: float = 0.0, size: Any = (48, 64)) -> Frame:
    return Frame(np.zeros((*size, 3), np.uint8), index, source, time_s, 0.0)


def _greys(path: Path) -> List[float]:
    """Mean of every picture in a video."""
    capture = cv2.VideoCapture(str(path))
    pictures = [picture for _, picture in iter(capture.read, (False, None))]
    capture.release()
    return [float(picture.mean()) for picture in pictures]


def _write_greys(sink: VideoSink, times_s: List[float]) -> None:
    """Frame n is grey with the value 20 n."""
    for index, time_s in enumerate(times_s):
        picture = np.full((48, 64, 3), 20 * index, np.uint8)
        sink.write(_frame(index, time_s=time_s), Detections.none(), picture)
    sink.close()


@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv", ".mov"])
def test_a_video_holds_every_picture_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / ("out" + suffix)
    _write_greys(VideoSink(str(path), 10.0, live=False), [0.0, 0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(_greys(path), [0, 20, 40, 60, 80], atol=4)


def test_a_video_has_the_rate_and_the_size_of_its_source(tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    _write_greys(VideoSink(str(path), 12.5, live=False), [0.0, 0.08])
    capture = cv2.VideoCapture(str(path))
    figures = [cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT]
    assert [capture.get(figure) for figure in figures] == [12.5, 64, 48]
    capture.release()


@pytest.mark.parametrize(
    ("times_s", "greys"),
    [
        pytest.param([5.0, 5.1, 5.2], [0, 20, 40], id="in time"),
        pytest.param([0.0, 0.3, 0.4], [0, 20, 20, 20, 40], id="a pause is filled"),
        pytest.param([0.0, 0.02, 0.1], [0, 40], id="a hurry is thinned out"),
    ],
)
def test_a_live_video_plays_as_fast_as_things_happened(
    tmp_path: Path, times_s: List[float], greys: List[float]
) -> None:
    path = tmp_path / "out.avi"
    _write_greys(VideoSink(str(path), 10.0, live=True), times_s)
    np.testing.assert_allclose(_greys(path), greys, atol=4)


def test_the_folder_of_a_video_is_made(tmp_path: Path) -> None:
    _write_greys(VideoSink(str(tmp_path / "a" / "b" / "out.avi"), 10.0, live=False), [0.0])
    assert (tmp_path / "a" / "b" / "out.avi").is_file()


def test_a_video_without_a_picture_leaves_no_file(tmp_path: Path) -> None:
    VideoSink(str(tmp_path / "out.avi"), 10.0, live=False).close()
    assert list(tmp_path.iterdir()) == []


def test_a_change_of_size_is_an_error(tmp_path: Path) -> None:
    sink = VideoSink(str(tmp_path / "out.avi"), 10.0, live=False)
    sink.write(_frame(), FOUND, PICTURE)
    with pytest.raises(SinkError, match="changed its size from 64x48 to 32x24"):
        sink.write(_frame(size=(24, 32)), FOUND, PICTURE[:24, :32])
    sink.close()


@pytest.mark.parametrize("name", ["out.gif", "out", "out.png"])
def test_a_video_of_an_unknown_kind_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match=r"expects a video file \(\.avi \.mp4 \.mkv \.mov\)"):
        VideoSink(str(tmp_path / name), 10.0, live=False)


def test_a_video_in_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out.avi").mkdir()
    sink = VideoSink(str(tmp_path / "out.avi"), 10.0, live=False)
    with pytest.raises(SinkError, match=r"out\.avi: cannot be written"):
        sink.write(_frame(), FOUND, PICTURE)


def test_the_usual_name_of_a_video_is_never_taken_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("splitdet.sinks.files.time.time", lambda: 1700000000.9)
    (tmp_path / "output_movie").mkdir()
    taken = []
    for _ in range(3):
        taken.append(default_movie_path())
        Path(taken[-1]).touch()
    stem = os.path.join("output_movie", "output_1700000000")
    assert taken == [stem + ".avi", stem + "_1.avi", stem + "_2.avi"]


@pytest.mark.parametrize("name", ["a.png", "sub/b.bmp"])
def test_a_picture_keeps_its_path_below_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ImageSink("out").write(_frame(source=name), FOUND, PICTURE)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out" / name)), PICTURE)


@pytest.mark.parametrize(
    ("name", "magic"), [("a.jpg", b"\xff\xd8"), ("a.PNG", b"\x89PNG"), ("a.webp", b"RIFF")]
)
def test_a_picture_keeps_its_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, magic: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    ImageSink("out").write(_frame(source=name), FOUND, PICTURE)
    assert (tmp_path / "out" / name).read_bytes().startswith(magic)


def test_a_picture_from_elsewhere_stays_below_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    ImageSink("out").write(_frame(source=os.path.join("..", "a.png")), FOUND, PICTURE)
    inside = Path(str(tmp_path / "a.png").lstrip(os.sep))
    assert (tmp_path / "work" / "out" / inside).is_file()


def test_lines_of_json_say_what_was_found(tmp_path: Path) -> None:
    sink = JsonSink(str(tmp_path / "out.jsonl"), Labels({1: "person"}))
    sink.write(_frame(3, "größe.mp4", 0.125), FOUND, None)
    sink.close()
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8")) == {
        "schema": 1,
        "frame": 3,
        "source": "größe.mp4",
        "time_s": 0.125,
        "width": 64,
        "height": 48,
        "detections": [
            {
                "box": pytest.approx([0.1, 0.25, 0.5, 0.75]),
                "score": pytest.approx(0.9),
                "class_id": 1,
                "label": "person",
            },
            {"box": [0, 0, 1, 1], "score": 0.5, "class_id": 7, "label": "7"},
        ],
    }


def test_every_frame_is_one_line_of_json(tmp_path: Path) -> None:
    sink = JsonSink(str(tmp_path / "out.jsonl"), Labels({}))
    for index in range(3):
        sink.write(_frame(index), Detections.none(), None)
    sink.close()
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["frame"] for line in lines] == [0, 1, 2]


def test_a_summary_is_written_as_json(tmp_path: Path) -> None:
    write_json(str(tmp_path / "new" / "summary.json"), {"fps": 12.5})
    assert json.loads((tmp_path / "new" / "summary.json").read_text(encoding="utf-8")) == {"fps": 12.5}


WRITERS = {
    "video": lambda path: VideoSink(path + ".avi", 10.0, live=False),
    "picture": lambda path: ImageSink(path).write(_frame(source="a.png"), FOUND, PICTURE),
    "lines": lambda path: JsonSink(path, Labels({})),
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


@pytest.mark.parametrize("kind", ["lines", "summary"])
def test_a_folder_in_the_way_of_a_file_is_an_error(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SinkError, match="Is a directory"):
        WRITERS[kind](str(tmp_path))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_an_error_of_the_sink() -> None:
    sink = JsonSink("/dev/full", Labels({}))
    with pytest.raises(SinkError, match="/dev/full: No space left on device"):
        sink.write(_frame(), FOUND, None)
    with pytest.raises(SinkError, match="/dev/full: No space left on device"):
        sink.close()
