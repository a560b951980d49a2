"""A real window on a screen in memory, and real key presses."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Iterator, List

import cv2
import numpy as np
import pytest

from commands import records
from screens import SIZE_PX, Screen, Watched, why_no_screen
from splitdet.visualize.palette import colour
from waiting import until, within

pytestmark = pytest.mark.skipif(bool(why_no_screen()), reason=why_no_screen() or "there is a screen")


@pytest.fixture(scope="module")
def screen(request: Any) -> Iterator[Screen]:
    """A screen with a window manager; windows on it are drawn by the run or, where `either` says so, by
    its worker."""
    with Screen() as each:
        each.environment["SPLITDET_VIS_WORKER"] = str(getattr(request, "param", "inline") == "worker")
        yield each


either = pytest.mark.parametrize("screen", ["inline", "worker"], indirect=True)


def frame_of(shot: Path) -> str:
    """The number of the frame in the name of a screenshot: frame_000012.png, frame_000012_1.png."""
    return shot.stem.split("_")[1]


def has(shot: Path, class_id: int) -> bool:
    """Whether a screenshot has anything in the colour of a class."""
    return bool((cv2.imread(str(shot)) == colour(class_id)).all(axis=2).any())


def pause(watched: Watched) -> Path:
    """Press space; a screenshot of the frame that stands still."""

    def stands_still() -> bool:
        return len({frame_of(watched.shoot()) for _ in range(4)}) == 1

    watched.press_until("space", stands_still)
    return watched.shots()[-1]


@either
@pytest.mark.parametrize("key", ["q", "Escape", "alt+F4"])
@pytest.mark.parametrize("paused", [False, True])
def test_a_key_or_a_closed_window_ends_the_run(
    screen: Screen, tmp_path: Path, key: str, paused: bool
) -> None:
    with Watched(screen, tmp_path, "file") as watched:
        if paused:
            pause(watched)
        watched.press(key)
        assert watched.ends_with() == 0


@either
def test_the_title_says_model_and_engine(screen: Screen, tmp_path: Path) -> None:
    with Watched(screen, tmp_path, "file") as watched:
        assert screen.xdotool("getwindowname", watched.window) == "seeing | no engine"


@either
def test_a_file_waits_while_it_is_paused_and_then_goes_on(screen: Screen, tmp_path: Path) -> None:
    with Watched(screen, tmp_path, "file", "--json", "found.jsonl") as watched:
        still = pause(watched)
        for _ in range(10):
            np.testing.assert_array_equal(cv2.imread(str(watched.shoot())), cv2.imread(str(still)))
        written = len(records(tmp_path / "found.jsonl"))
        if screen.environment["SPLITDET_VIS_WORKER"] == "False":
            under_way = written - 1 - int(frame_of(still))
            assert under_way <= 6  # in_flight at most, and the one that was waiting to be shown
        watched.shoot()
        assert len(records(tmp_path / "found.jsonl")) == written
        watched.press_until("space", lambda: frame_of(watched.shoot()) > frame_of(still))
        watched.press("q")
        assert watched.ends_with() == 0
    frames = [record["frame"] for record in records(tmp_path / "found.jsonl")]
    assert frames == list(range(len(frames)))


@either
def test_space_before_there_is_a_picture_stops_at_the_first_that_comes(
    screen: Screen, tmp_path: Path
) -> None:
    with Watched(screen, tmp_path, "late") as watched:
        watched.press("space")
        time.sleep(0.5)  # of two keys at once OpenCV sees the second only
        (tmp_path / "go").touch()
        shots = {frame_of(watched.shoot()) for _ in range(4)}
        assert len(shots) == 1
        assert int(shots.pop()) <= 6  # in_flight at most


@either
def test_keys_act_while_no_frame_comes(screen: Screen, tmp_path: Path) -> None:
    with Watched(screen, tmp_path, "late") as watched:
        watched.press("q")
        assert watched.ends_with() == 0


def test_a_camera_goes_on_behind_a_paused_window(screen: Screen, tmp_path: Path) -> None:
    with Watched(screen, tmp_path, "camera", "--json", "found.jsonl") as watched:
        still = pause(watched)
        written = len(records(tmp_path / "found.jsonl"))
        until(lambda: len(records(tmp_path / "found.jsonl")) > written + 10)
        assert frame_of(watched.shoot()) == frame_of(still)


@either
def test_plus_and_minus_move_the_threshold_of_everything(screen: Screen, tmp_path: Path) -> None:
    with Watched(screen, tmp_path, "file", "--json", "found.jsonl") as watched:
        assert has(watched.shoot(), 7)
        watched.press_until("plus", lambda: not has(watched.shoot(), 7))
        assert has(watched.shots()[-1], 1)
        watched.press_until("minus", lambda: has(watched.shoot(), 7))
    counts = {len(record["detections"]) for record in records(tmp_path / "found.jsonl")}
    assert counts == {1, 2}


def test_a_raised_threshold_hides_what_is_below_in_a_paused_picture(
    screen: Screen, tmp_path: Path
) -> None:
    with Watched(screen, tmp_path, "file") as watched:
        assert has(pause(watched), 7)
        watched.press_until("plus", lambda: not has(watched.shoot(), 7))
        assert len({frame_of(shot) for shot in watched.shots()[-2:]}) == 1


def test_the_text_in_the_corner_goes_and_comes_back(screen: Screen, tmp_path: Path) -> None:
    def has_text(shot: Path) -> bool:
        return bool((cv2.imread(str(shot))[1, 1] == 40).all())

    with Watched(screen, tmp_path, "file") as watched:
        assert has_text(watched.shoot())
        watched.press_until("t", lambda: not has_text(watched.shoot()))
        watched.press_until("t", lambda: has_text(watched.shoot()))


def test_the_window_begins_as_large_as_the_frame_and_fills_the_screen(
    screen: Screen, tmp_path: Path
) -> None:
    with Watched(screen, tmp_path, "file") as watched:
        until(lambda: watched.size_px() == [640, 480])
        watched.press("f")
        until(lambda: watched.size_px() == list(SIZE_PX))
        watched.press("f")
        until(lambda: watched.size_px() == [640, 480])


def test_the_window_can_be_resized(screen: Screen, tmp_path: Path) -> None:
    with Watched(screen, tmp_path, "file") as watched:
        until(lambda: watched.size_px() == [640, 480])
        screen.xdotool("windowsize", watched.window, "500", "300")
        until(lambda: watched.size_px() == [500, 300])
        assert cv2.imread(str(watched.shoot())).shape == (480, 640, 3)


def test_a_screenshot_that_cannot_be_written_ends_nothing(screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "screenshots").write_text("in the way")
    with Watched(screen, tmp_path, "file") as watched:
        said: List[str] = []
        assert watched.process.stderr is not None
        lines = iter(watched.process.stderr.readline, "")
        reader = threading.Thread(target=lambda: said.extend(lines), daemon=True)
        reader.start()
        # again where there was nothing to be seen yet
        watched.press_until("s", lambda: within(2.0, lambda: "screenshots" in "".join(said)))
        watched.press("q")
        reader.join()
        assert watched.ends_with() == 0
