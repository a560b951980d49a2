"""`splitdet bench` on a small model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import pytest

from commands import call_here
from places import ROOT
from splitdet.cli.main import dispatch
from splitdet.errors import SplitdetError

SHORT = ("--input", "synthetic:60", "--seconds", "0.5", "--warm-up", "0.1", "--rounds", "1")


def test_split_and_not_split_are_measured_and_written(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    files = ("--json", "a/rates.json", "--markdown", "rates.md", "--chart", "rates.png")
    words = ("--engine", "tensorflow", "--size", "64x48", "--set", "det_th=0.3", *SHORT, *files)
    done = call_here("bench", tiny_model, *words, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "a/rates.json").read_text())
    split, whole = result["rows"]
    assert (split["case"]["split"], whole["case"]["split"]) == (True, False)
    assert whole["ratio"] == 1.0
    assert split["ratio"] == pytest.approx(split["fps"]["mean"] / whole["fps"]["mean"], rel=0.01)
    for row in (split, whole):
        latency = row["latency_ms"]
        assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["max"]
        assert row["dropped"] == 0
    assert "cpu" in split["stages_ms"]
    assert result["machine"]["cores"] >= 1
    assert result["machine"]["command"].startswith("splitdet bench ")
    table = done.stdout.split("\n\n")[0]
    assert table in (tmp_path / "rates.md").read_text()
    assert cv2.imread(str(tmp_path / "rates.png")) is not None
    again = call_here("bench", "compare", "a/rates.json", "a/rates.json", folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("| 1.000 |") == 4


def test_a_camera_that_is_too_fast_loses_frames_and_they_are_counted(
    tiny_model: Path, tmp_path: Path
) -> None:
    words = ("--engine", "tensorflow", "--split", "no", "--size", "640x480", "--rate", "9000")
    done = call_here("bench", tiny_model, *words, *SHORT, "--json", "a.json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((tmp_path / "a.json").read_text())["rows"]
    assert 0 < row["dropped"] < row["frames_in"]


def test_what_cannot_be_shown_is_a_row_with_its_reason(tiny_model: Path, tmp_path: Path) -> None:
    words = ("--engine", "tensorflow", "--split", "yes", "--size", "64x48", "--display", "inline")
    no_screen = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = call_here("bench", tiny_model, *words, *SHORT, folder=tmp_path, **no_screen)
    assert done.returncode == 1
    assert "not possible: no window: " in done.stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nothing"], "nothing"),
        (["compare", "a.json"], "expects two files"),
        (["MODEL", "--size", "big"], "expects WIDTHxHEIGHT"),
        (["MODEL", "--vary", "nms"], "--vary nms: expects key=value,value"),
        (["MODEL", "--vary", "batchsize=1,2"], "unknown key 'batchsize'; did you mean 'batch_size'"),
        (["MODEL", "--vary", "batch_size=1,0"], "batch_size: expects"),
        (["MODEL", "--set", "engine=auto"], "here --engine says that"),
        (["MODEL", "--rounds", "0"], "--rounds is 1 or more"),
        (["MODEL", "--seconds", "nan"], "--seconds nan: expects a number that is finite"),
        (["MODEL", "--warm-up", "inf"], "--warm-up inf: expects a number that is finite"),
        (["MODEL", "--rate", "nan"], "--rate nan: expects a number that is finite"),
        (["MODEL", "--engine", "auto", "--split", "no"], "nothing to measure"),
    ],
)
def test_wrong_words_are_refused(words: list, reason: str, tiny_model: Path) -> None:
    words = [str(tiny_model) if word == "MODEL" else word for word in words]
    with pytest.raises(SplitdetError, match=reason):
        dispatch(["bench", *words])


def test_without_the_clip_of_the_demo_nothing_is_measured(tiny_model: Path, tmp_path: Path) -> None:
    done = call_here("bench", tiny_model, "--engine", "tensorflow", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: media/bikes.mp4: no such file; name other frames with --input, such as --input "
        "synthetic:300, or fetch it with: splitdet demo\n"
    )


def test_the_page_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        dispatch(["bench", "--help"])
    options = set(re.findall(r"^ +(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert len(options) > 10
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert sorted(option for option in options if option not in page) == []
