"""Runs whose window is a process of its own, on a screen that is not there."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List

import cv2
import pytest

import splitdet.run
from fake_windows import FakeWindow, fake_window
from fakes import FakeDetector, Work, takes
from splitdet.config import make_config
from splitdet.errors import StageError
from splitdet.job import Job, Outcome
from splitdet.processes.window import WindowWorker
from splitdet.sinks import choose
from splitdet.sources.synthetic import SyntheticSource

FRAMES = 60
Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `FRAMES` frames in a window that writes into `tmp_path`/shown."""
    (tmp_path / "shown").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(choose, "why_no_window", lambda: "")

    def job(does: str = "", at: int = 0, **settings: Any) -> Outcome:
        opener = fake_window(tmp_path / "shown", does, at)
        monkeypatch.setattr(choose, "WindowWorker", partial(WindowWorker, open_window=opener))
        steps: Dict[str, Work] = {"cpu": takes(10)}
        source = SyntheticSource(FRAMES, size_px=(48, 64))
        monkeypatch.setattr(splitdet.run, "open_source", lambda *unused: source)
        monkeypatch.setattr(
            splitdet.run.Detector, "from_config", lambda config: FakeDetector(steps, config)
        )
        config = make_config(**{"vis_worker": True, **settings})
        return splitdet.run.run(Job(config, "fake", save=str(tmp_path / "saved.avi")))

    return job


def shown(folder: Path) -> List[int]:
    """Frames that were shown."""
    return sorted(int(path.stem) for path in (folder / "shown").iterdir())


def saved(folder: Path) -> int:
    """Frames in the video."""
    capture = cv2.VideoCapture(str(folder / "saved.avi"))
    count = 0
    while capture.read()[0]:
        count += 1
    return count


def test_a_screen_that_hangs_slows_nothing_and_every_frame_is_saved(run: Run, tmp_path: Path) -> None:
    outcome = run("hang", at=3)
    assert outcome.exit_code == 0
    assert outcome.summary["frames_out"] == FRAMES
    assert len(shown(tmp_path)) == 4
    assert saved(tmp_path) == FRAMES


def test_what_is_not_shown_is_counted_in_the_line_of_figures(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("hang", at=3, fps_interval=0.2)
    lines = [line for line in capsys.readouterr().out.splitlines() if "VDrops" in line]
    drops = sum(int(line.rsplit("VDrops: ", 1)[1]) for line in lines)
    assert drops > 10


def test_quitting_in_the_window_ends_the_run_with_0(run: Run) -> None:
    outcome = run("quit", at=3)
    assert outcome.exit_code == 0
    assert outcome.summary["frames_out"] < FRAMES


def test_the_run_goes_on_when_the_worker_is_killed(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = run("kill", at=3)
    assert outcome.exit_code == 0
    assert saved(tmp_path) == FRAMES
    assert [text for text in caplog.messages if "worker" in text] == [
        "the window's worker was killed by SIGKILL; going on without a window "
        "(vis_worker_required: False)"
    ]


def test_the_run_ends_when_a_worker_is_killed_that_is_required(run: Run) -> None:
    with pytest.raises(StageError, match="the window's worker was killed by SIGKILL") as caught:
        run("kill", at=3, vis_worker_required=True)
    assert caught.value.exit_code == 1


def test_without_a_window_detections_are_printed(
    run: Run, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fail", det_interval=1).exit_code == 0
    assert "the window failed (no screen); going on without a window" in caplog.text
    assert f" {FRAMES - 1}: nothing" in capsys.readouterr().out


def test_without_shared_memory_the_main_process_draws_the_window(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*unused: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr(choose, "Window", partial(FakeWindow, folder=tmp_path / "shown"))
    assert run().exit_code == 0
    assert "vis_worker: no room for" in caplog.text
    assert "No space left on device); the main process draws the window" in caplog.text
    assert shown(tmp_path)  # by this process
