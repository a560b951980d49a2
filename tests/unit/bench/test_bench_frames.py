"""Frames for benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from picture_files import random_pictures, write_pictures
from splitdet.bench.frames import HELD, Input
from splitdet.config import make_config
from splitdet.errors import SourceError


def test_frames_in_memory_have_their_size_and_come_again_until_the_time_is_over() -> None:
    frames = Input("synthetic:40", make_config(), (24, 32), seconds=0.3)
    read = list(iter(frames.source.read, None))
    frames.close()
    assert {(frame.height, frame.width) for frame in read} == {(24, 32)}
    assert len(read) > HELD
    assert len({frame.image.tobytes() for frame in read}) == 5  # of 40 every eighth
    assert frames.began_s is not None
    assert frames.ended_s - frames.began_s >= 0.3


def test_a_file_at_its_own_size_is_read_again_from_its_beginning(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", random_pictures(2, 20, 30))
    frames = Input(str(folder), make_config(), None, seconds=0.3)
    read = [frame for frame, _ in zip(iter(frames.source.read, None), range(5))]
    frames.close()
    assert [(frame.height, frame.width) for frame in read] == [(20, 30)] * 5
    assert [read[0].image.tobytes() == frame.image.tobytes() for frame in read[1:4]] == [
        False,
        True,
        False,
    ]


def test_a_rate_makes_a_camera_of_it() -> None:
    frames = Input("synthetic:8", make_config(), (24, 32), seconds=0.5, rate=20.0)
    read = list(iter(frames.source.read, None))
    frames.close()
    assert frames.source.live
    # not faster; how much slower is up to the machine
    assert len(read) <= 11


def test_an_input_without_a_frame_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match="no frame in it"):
        Input(str(tmp_path), make_config(), (24, 32), seconds=1.0)
