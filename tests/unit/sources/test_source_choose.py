"""From what a user typed to a source."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import cv2
import numpy as np
import pytest

from splitdet.config import make_config
from splitdet.errors import NoFileError, SourceError
from splitdet.sources import choose
from splitdet.sources.images import ImageSource
from splitdet.sources.synthetic import SyntheticSource


@pytest.fixture(name="streams")
def _streams(monkeypatch: pytest.MonkeyPatch) -> List[Any]:
    """What streams were asked for, in place of opening them."""
    asked: List[Any] = []
    monkeypatch.setattr(choose, "_stream", lambda spec, *unused: asked.append(spec))
    return asked


@pytest.fixture(name="cameras")
def _cameras(monkeypatch: pytest.MonkeyPatch) -> List[Any]:
    """The sections camera that were asked for, in place of opening them."""
    asked: List[Any] = []
    monkeypatch.setattr(choose, "_camera", lambda config, *unused: asked.append(config.camera))
    return asked


@pytest.fixture(name="videos")
def _videos(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """What videos were asked for, in place of opening them."""
    asked: List[str] = []
    monkeypatch.setattr(choose, "VideoSource", asked.append)
    return asked


@pytest.mark.parametrize(
    ("spec", "opened"),
    [
        (0, 0),
        ("1", 1),
        ("/dev/video2", "/dev/video2"),
        ("rtsp://host:554/live", "rtsp://host:554/live"),
        ("http://host/a.mp4", "http://host/a.mp4"),
        ("http://host/a.jpg", "http://host/a.jpg"),
        ("videotestsrc ! appsink", "videotestsrc ! appsink"),
    ],
)
def test_a_camera_an_address_or_a_pipeline_is_a_stream(
    streams: List[Any], spec: Any, opened: Any
) -> None:
    choose.open_source(spec)
    assert streams == [opened]


def test_the_section_camera_has_a_name_of_its_own(cameras: List[Any]) -> None:
    config = make_config(camera={"kind": "test"})
    choose.open_source("camera", config)
    assert cameras == [config.camera]


def test_a_camera_of_a_jetson_is_told_by_its_number(cameras: List[Any]) -> None:
    choose.open_source("csi://1", make_config(camera={"flip": 2}))
    assert [(camera.kind, camera.sensor_id, camera.flip) for camera in cameras] == [("csi", 1, 2)]


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a", "C:\\films\\a.mkv", "a!.mp4", "synthetic"])
def test_any_other_name_is_a_video(videos: List[str], name: str) -> None:
    choose.open_source(name)
    assert videos == [name]


@pytest.mark.parametrize("spec", [".", "a.png", "a.tif", "*.png"])
def test_a_folder_a_picture_or_a_wildcard_gives_pictures(tmp_path: Path, spec: str) -> None:
    for suffix in (".png", ".tif"):
        data = cv2.imencode(suffix, np.zeros((4, 4, 3), np.uint8))[1]
        (tmp_path / f"a{suffix}").write_bytes(data.tobytes())
    assert isinstance(choose.open_source(str(tmp_path / spec)), ImageSource)


def test_synthetic_frames_are_counted(videos: List[str]) -> None:
    source = choose.open_source("synthetic:12")
    assert (type(source), source.frame_count, videos) == (SyntheticSource, 12, [])


@pytest.mark.parametrize("spec", ["synthetic:", "synthetic:0", "synthetic:many", "synthetic:-3"])
def test_synthetic_frames_without_a_count_are_refused(spec: str) -> None:
    with pytest.raises(SourceError, match="expects synthetic:FRAMES, such as synthetic:300"):
        choose.open_source(spec)


def test_no_name_at_all_is_refused() -> None:
    with pytest.raises(SourceError, match="no input is named; give a file, a folder"):
        choose.open_source("")


@pytest.mark.parametrize("spec", ["csi://", "csi://left", "csi://256", "csi://-1"])
def test_a_camera_of_a_jetson_without_a_number_is_refused(spec: str) -> None:
    with pytest.raises(SourceError, match=f"{spec}: expects csi://NUMBER, such as csi://0"):
        choose.open_source(spec)


def test_a_pipeline_without_an_appsink_is_told_what_it_lacks() -> None:
    with pytest.raises(SourceError, match=r"rtspsrc location=rtsp://h/a ! fakesink: .* ends in appsink"):
        choose.open_source("rtspsrc location=rtsp://me:secret@h/a ! fakesink")


@pytest.mark.parametrize("name", ["none.mp4", "none.jpg", "none/*.jpg", "none"])
def test_a_name_with_nothing_behind_it_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError) as caught:
        choose.open_source(str(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("spec", ["²", "synthetic:²"])
def test_a_digit_that_is_no_number_is_refused(spec: str) -> None:
    with pytest.raises(SourceError):
        choose.open_source(spec)


@pytest.mark.parametrize("name", ["a.avif", "a.HEIC", "a.jp2"])
def test_a_picture_in_a_format_that_is_not_read_is_refused_with_those_that_are(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"something")
    with pytest.raises(SourceError) as caught:
        choose.open_source(str(path))
    read = ".jpeg .jpg .jpe .png .bmp .webp .tif .tiff .ppm"
    assert str(caught.value) == (
        f"{path}: pictures in this format are not read, but {read} are; convert it"
    )


def test_a_picture_in_another_format_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NoFileError, match="no such file"):
        choose.open_source(str(tmp_path / "a.avif"))
