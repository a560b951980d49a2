"""Which sinks a run has, and where they may write."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Dict, List

import cv2
import numpy as np
import pytest

from fakes import FakeDetector
from results import PICTURE
from splitdet.config import make_config
from splitdet.errors import ConfigError, SinkError
from splitdet.job import Job
from splitdet.labels import Labels
from splitdet.pipeline.meter import Meter
from splitdet.sinks.base import Sink
from splitdet.sinks.choose import make_sinks
from splitdet.sources.choose import open_source
from splitdet.sources.synthetic import SyntheticSource
from splitdet.visualize.painter import Painter


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pictures in `images`."""
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.png"), PICTURE)
    monkeypatch.chdir(tmp_path)


def sinks_of(source: str, save: Any = "", config: Any = None, **places: str) -> List[Sink]:
    """What a run from `source` writes to."""
    job = Job(make_config(**(config or {})), source, save, **places)
    return make_sinks(job, open_source(source), FakeDetector(), Painter(Labels({})), Meter(5.0))


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("synthetic:1", ["VideoSink", "RawSink", "JsonSink", "CsvSink", "CocoSink", "CropSink"]),
        ("images", ["ImageSink", "RawSink", "JsonSink", "CsvSink", "CocoSink", "CropSink"]),
    ],
)
def test_there_is_a_sink_for_each_place(source: str, kinds: List[str]) -> None:
    suffix = "" if source == "images" else ".avi"
    places = {name: name + suffix for name in ("raw", "json", "csv", "coco", "crops")}
    sinks = sinks_of(source, "found" + suffix, **places)
    assert [type(sink).__name__ for sink in sinks] == kinds
    assert [sink.path for sink in sinks[1:]] == list(places.values())
    for sink in sinks:
        sink.close()


def test_where_one_sink_cannot_be_made_those_before_it_are_closed() -> None:
    threads = threading.active_count()
    rule = {"name": "any", "class": 1}
    events = {"events": [rule], "event_webhook": "http://127.0.0.1:9/"}
    with pytest.raises(SinkError, match="expects a video file"):
        sinks_of("synthetic:1", "out.txt", events)
    assert threading.active_count() == threads


def test_what_an_earlier_run_wrote_is_kept_where_the_web_view_cannot_be_had() -> None:
    Path("found.jsonl").write_text("earlier\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="set web_token"):
        sinks_of("synthetic:1", "", {"web": 8080, "web_host": "0.0.0.0"}, json="found.jsonl")
    assert Path("found.jsonl").read_text(encoding="utf-8") == "earlier\n"


def test_a_summary_that_could_not_be_written_at_the_end_is_refused_at_the_begin() -> None:
    with pytest.raises(SinkError, match="images: Is a directory"):
        sinks_of("synthetic:1", "", summary="images")


def test_nothing_is_written_unless_somebody_asks() -> None:
    assert sinks_of("synthetic:1", None) == []


@pytest.mark.parametrize(
    ("source", "path"), [("synthetic:1", "output_movie/output_"), ("images", "output_image")]
)
def test_save_to_file_has_places_of_its_own(source: str, path: str) -> None:
    (sink,) = sinks_of(source, None, {"save_to_file": True})
    assert sink.path.startswith(path)


def test_videos_are_written_by_the_codec_of_the_settings() -> None:
    source = SyntheticSource(1)
    frame = source.read()
    assert frame is not None
    sinks = sinks_of("synthetic:1", "a.mkv", {"video_codec": "ffv1"}, raw="b.mkv")
    for sink in sinks:
        sink.write(frame, source.truth(0), frame.image)
        sink.close()
        capture = cv2.VideoCapture(sink.path)
        np.testing.assert_array_equal(capture.read()[1], frame.image)
        capture.release()


@pytest.mark.parametrize(
    ("source", "save", "places"),
    [
        ("images", "out", {"raw": "out"}),
        ("images", "out", {"crops": "out"}),
        ("images/a.png", "", {"csv": "images/a.png"}),
        ("images/a.png", "", {"coco": "images/../images/a.png"}),
        ("synthetic:1", "out.avi", {"raw": "out.avi"}),
        ("synthetic:1", "", {"csv": "same", "coco": "same"}),
        ("synthetic:1", "", {"json": "same", "summary": "./same"}),
    ],
)
def test_no_two_write_to_one_place_and_none_to_what_is_read(
    source: str, save: str, places: Dict[str, str]
) -> None:
    with pytest.raises(SinkError, match="is in use already by this run; write somewhere else"):
        sinks_of(source, save, **places)
    assert (cv2.imread("images/a.png") == PICTURE).all()


@pytest.mark.parametrize("name", ["save", "raw"])
def test_a_tree_of_pictures_may_begin_where_the_pictures_are(name: str) -> None:
    places: Dict[str, Any] = {name: "images"}
    (sink,) = sinks_of("images", **places)
    assert sink.path == "images"


def test_what_is_told_has_been_written_before() -> None:
    sinks = sinks_of("synthetic:1", "", {"events": [{"name": "any", "class": 1}]}, json="found.jsonl")
    assert [type(sink).__name__ for sink in sinks] == ["JsonSink", "EventSink"]
    for sink in sinks:
        sink.close()
