"""A window in a process of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Callable, Iterator, List

import numpy as np
import pytest

from fake_windows import fake_window
from results import FOUND, frame, pictured
from splitdet.errors import SinkError, StageError
from splitdet.labels import Labels
from splitdet.processes.ring import NoRoom
from splitdet.processes.window import WindowWorker
from splitdet.threshold import LiveThreshold
from splitdet.types import Detections
from splitdet.visualize.painter import Painter

PAINTER = Painter(Labels({1: "cat", 7: "dog"}))
Open = Callable[..., WindowWorker]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens windows that write into `tmp_path`; closes them."""
    windows: List[WindowWorker] = []

    def opener(does: str = "", at: int = 0, required: bool = False, most_fps: float = 0) -> WindowWorker:
        window = WindowWorker(
            *("title", PAINTER, most_fps, False, lambda: 1.0, LiveThreshold(0.5), (48, 64), required),
            open_window=fake_window(tmp_path, does, at),
        )
        windows.append(window)
        return window

    yield opener
    for window in windows:
        window.close()


def wait_until(window: WindowWorker, done: Callable[[], bool]) -> None:
    """Until something is heard from the worker that makes it so."""
    with window._changed:
        assert window._changed.wait_for(done, timeout=20)


def show(window: WindowWorker, index: int) -> None:
    """Write a frame, and wait until it has been shown."""
    window.write(pictured(index), FOUND, None)
    wait_until(window, lambda: window._newly_shown == 1)
    assert window.refresh()


def indices(folder: Path) -> List[int]:
    """Frames that were shown."""
    return sorted(int(path.stem) for path in folder.glob("*.npy"))


def test_results_are_drawn_and_shown_by_the_worker(opened: Open, tmp_path: Path) -> None:
    window = opened()
    for index in range(3):
        show(window, index)
    assert indices(tmp_path) == [0, 1, 2]
    expected = PAINTER.paint(pictured().image, FOUND)
    np.testing.assert_array_equal(np.load(str(tmp_path / "2.npy")), expected)
    assert window.not_shown == 0
    assert not window.wants_picture()


def test_frames_of_any_size_are_shown(opened: Open, tmp_path: Path) -> None:
    window = opened()
    for index, size in enumerate([(48, 64), (480, 640), (10, 10)]):
        window.write(frame(index, size=size), Detections.none(), None)
        wait_until(window, lambda count=index + 1: window._newly_shown == count)
        assert np.load(str(tmp_path / f"{index}.npy")).shape == (*size, 3)


def test_a_screen_that_hangs_delays_nobody_and_what_is_not_shown_is_counted(opened: Open) -> None:
    window = opened("hang", at=2)
    for index in range(2):
        show(window, index)
    masks = np.ones((2, 600, 600), np.float32)  # more than a pipe takes
    found = Detections(FOUND.boxes, FOUND.scores, FOUND.classes, masks)
    for index in range(2, 100):
        window.write(pictured(index), found, None)
    assert window.not_shown in (96, 97)  # all but the one that hangs, and one that is on its way
    assert not window.refresh()


def test_a_worker_that_is_stopped_delays_nobody_either(opened: Open) -> None:
    window = opened()
    os.kill(window._worker.pid, signal.SIGSTOP)
    masks = np.ones((2, 600, 600), np.float32)
    found = Detections(FOUND.boxes, FOUND.scores, FOUND.classes, masks)
    for index in range(10):
        window.write(pictured(index), found, None)
    assert window.not_shown == 9


def test_frames_that_are_not_due_are_counted_as_not_shown(opened: Open, tmp_path: Path) -> None:
    window = opened(most_fps=0.001)
    show(window, 0)
    for index in range(1, 10):
        window.write(pictured(index), FOUND, None)
    assert indices(tmp_path) == [0]
    assert window.not_shown == 9


def test_the_user_may_quit(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    window = opened("quit", at=1)
    show(window, 0)
    assert not window.wants_to_quit()
    window.write(pictured(1), FOUND, None)
    wait_until(window, lambda: window._quits)
    assert window.wants_to_quit()
    window.close()
    assert caplog.messages == []


@pytest.mark.parametrize(("key", "score"), [("raise", 0.55), ("lower", 0.45)])
def test_keys_move_the_threshold_of_the_run(
    key: str, score: float, opened: Open, tmp_path: Path
) -> None:
    window = opened(key)
    show(window, 0)
    wait_until(window, lambda: window._steps_taken == 1)
    assert window._threshold.score == pytest.approx(score)
    assert float((tmp_path / "threshold.txt").read_text()) == pytest.approx(score)


def test_the_window_follows_a_threshold_that_is_moved_elsewhere(opened: Open, tmp_path: Path) -> None:
    window = opened("raise", at=1)
    window._threshold.set(0.2)
    show(window, 0)
    show(window, 1)
    wait_until(window, lambda: window._steps_taken == 1)
    assert window._threshold.score == pytest.approx(0.25)
    assert (tmp_path / "threshold.txt").read_text() == "0.25"


def test_a_paused_window_gets_no_frames(opened: Open, tmp_path: Path) -> None:
    window = opened("pause")
    show(window, 0)
    wait_until(window, lambda: window.is_paused())
    for index in range(1, 5):
        window.write(pictured(index), FOUND, None)
    assert window.not_shown == 4
    assert not window.wants_to_quit()
    assert indices(tmp_path) == [0]


def test_a_worker_that_dies_is_reported_and_the_run_goes_on(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    window = opened("kill")
    window.write(pictured(0), FOUND, None)
    wait_until(window, lambda: window._error is not None)
    for index in range(1, 5):
        window.write(pictured(index), FOUND, None)
    assert not window.wants_to_quit()
    window.close()
    assert window.not_shown == 4
    assert caplog.messages == [
        "the window's worker was killed by SIGKILL; going on without a window "
        "(vis_worker_required: False)"
    ]


def test_a_worker_that_is_required_ends_the_run_when_it_dies(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    window = opened("kill", required=True)
    window.write(pictured(0), FOUND, None)
    wait_until(window, lambda: window._error is not None)
    with pytest.raises(StageError, match=r"^the window's worker was killed by SIGKILL$"):
        window.wants_to_quit()
    assert caplog.messages == []


def test_a_window_that_cannot_be_opened_is_told_at_once(opened: Open) -> None:
    with pytest.raises(SinkError, match=r"^the window failed \(no screen\)$"):
        opened("fail")


def test_a_run_that_is_over_takes_the_window_along(opened: Open) -> None:
    window = opened("hang")
    window.write(pictured(0), FOUND, None)
    window.close()
    with pytest.raises(ProcessLookupError):
        os.kill(window._worker.pid, 0)


def test_too_little_shared_memory_is_told_before_a_worker_is_started(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*unused: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(NoRoom, match="No space left on device"):
        opened()
