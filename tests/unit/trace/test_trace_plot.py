"""Traces as a picture."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import List

import cv2
import numpy as np
import pytest

from splitdet.errors import ConfigError, SinkError
from splitdet.trace.plot import COLOURS, headline, plot
from splitdet.trace.read import Recording, read_trace
from traces import pipelined, write_trace


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> Recording:
    return read_trace(write_trace(tmp_path / "t.json", pipelined(40, time.perf_counter()), split=True))


def pixels(picture: np.ndarray, colour: str) -> np.ndarray:
    """Which pixels have this colour, such as #ff0000: bool (H, W)."""
    wanted = [int(colour[place : place + 2], 16) for place in (5, 3, 1)]
    return np.asarray((picture == wanted).all(axis=2))


def drawn(runs: List[Recording], path: Path, frames: int) -> np.ndarray:
    """The picture of these runs."""
    pytest.importorskip("matplotlib")
    plot(runs, path, frames)
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture


def test_a_frame_has_one_colour_on_its_way_through_the_threads(run: Recording, tmp_path: Path) -> None:
    picture = drawn([run], tmp_path / "p.png", frames=4)
    begins = [
        int(np.flatnonzero(pixels(picture, COLOURS[frame % len(COLOURS)]).any(axis=0))[0])
        for frame in (19, 20)  # the middle of 40
    ]
    assert begins == sorted(begins)
    for colour in (COLOURS[19 % len(COLOURS)], COLOURS[20 % len(COLOURS)]):
        rows = np.flatnonzero(pixels(picture, colour).any(axis=1))
        bars = 1 + int((np.diff(rows) > 1).sum())
        assert bars == 4  # source, prepare, accelerator, cpu


def test_runs_stand_one_above_the_other_on_one_scale(run: Recording, tmp_path: Path) -> None:
    one = drawn([run], tmp_path / "one.png", frames=4)
    two = drawn([run, run], tmp_path / "two.png", frames=4)
    assert two.shape[0] > 1.8 * one.shape[0]
    colour = pixels(two, COLOURS[20 % len(COLOURS)])
    upper, lower = colour[: len(colour) // 2], colour[len(colour) // 2 :]
    edges = [np.flatnonzero(half.any(axis=0))[[0, -1]].tolist() for half in (upper, lower)]
    assert edges[0] == edges[1]


def test_the_headline_says_how_fast_and_how_much_the_halves_overlap(run: Recording) -> None:
    # of each 10 ms the NMS takes 4, always beside the accelerator but for the last frame
    share = 100 * 39 * 0.004 / (39 * 0.010 + 0.016)
    fps = 40 / (39 * 0.010 + 0.016)
    expected = f"split: {fps:.1f} frames per second, both halves at work {share:.0f} % of the time"
    assert headline(run) == expected


def test_a_graph_in_one_piece_has_no_halves(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.json", pipelined(3, time.perf_counter()), split=False)
    text = headline(read_trace(path))
    assert text.startswith("not split: ")
    assert "halves" not in text


@pytest.mark.parametrize(("name", "reason"), [("p.nothing", "nothing"), ("none/p.png", "No such file")])
def test_a_picture_that_cannot_be_written_is_refused(
    run: Recording, tmp_path: Path, name: str, reason: str
) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(SinkError, match=reason):
        plot([run], tmp_path / name)


def test_without_matplotlib_the_extra_is_named(
    run: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match=r"pip install 'splitdet\[plot\]'"):
        plot([run], tmp_path / "p.png")
