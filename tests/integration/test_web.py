"""Whole runs with the web view on, and real clients."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, List

import cv2
import pytest
import requests

from commands import ENVIRONMENT, HANG_S, call_here, records
from places import ROOT

pytest.importorskip("uvicorn", reason="needs splitdet[web]")
pytest.importorskip("prometheus_client", reason="needs splitdet[web]")

from web_view import TIMEOUT_S, Page, SlowClient, decoded, events, free_port, pictures


class Run:
    """A run in a process of its own, whose web view listens already."""

    def __init__(self, script: Path, *arguments: Any, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        command = [str(word) for word in (sys.executable, script, *arguments)]
        self.process = subprocess.Popen(
            [*command, "--set", f"web={self.port}"],
            cwd=str(folder),
            env={**os.environ, **ENVIRONMENT},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.errors: List[str] = []
        while f"web view: {self.address}/" not in "".join(self.errors):
            line = self.process.stderr.readline()
            assert line, self.errors
            self.errors.append(line)

    def get(self, path: str, **options: Any) -> requests.Response:
        """An answer; the first may have to wait until the model is ready."""
        return requests.get(self.address + path, timeout=HANG_S, **options)

    def set_threshold(self, score: float) -> None:
        """Move the slider."""
        body = {"threshold": score}
        answer = requests.post(self.address + "/threshold", json=body, timeout=TIMEOUT_S)
        assert answer.json() == body

    def stop(self) -> int:
        """End it by a signal; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=HANG_S)
        self.errors.append(errors)
        return self.process.returncode


@contextmanager
def looping(clip: Path, model: Path, folder: Path, *settings: str) -> Iterator[Run]:
    """A run on a clip that does not end by itself, ten frames a second."""
    words = [word for setting in settings for word in ("--set", setting)]
    script = ROOT / "tests" / "looping_run.py"
    run = Run(script, clip, 10, "none", "--model", model, "--json", "f.jsonl", *words, folder=folder)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.communicate(timeout=HANG_S)


@pytest.fixture(scope="module")
def live(default_model: Path, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run of the real model that goes on while it is looked at."""
    with looping(clip, default_model, tmp_path_factory.mktemp("live"), "det_th=0.4") as run:
        with run.get("/detections", stream=True) as answer:
            next(events(answer))  # it is ready
        yield run


@pytest.mark.model
def test_what_is_sent_is_what_is_written(live: Run, clip: Path) -> None:
    with live.get("/detections", stream=True) as answer:
        sent = [event["data"] for event in islice(events(answer), 30)]
    written = {record["frame"]: record for record in records(live.folder / "f.jsonl")}
    for record in sent:
        for thing in record["detections"]:
            del thing["colour"]
        assert record == written[record["frame"]]
    labels = {thing["label"] for record in sent for thing in record["detections"]}
    assert labels & {"person", "bus", "car", "bicycle"}


@pytest.mark.model
def test_a_snapshot_has_the_size_of_the_source(live: Run, clip: Path) -> None:
    picture = decoded(live.get("/snapshot.jpg").content)
    assert picture.shape == cv2.VideoCapture(str(clip)).read()[1].shape


@pytest.mark.model
def test_the_threshold_acts_on_what_is_sent_and_written(live: Run) -> None:
    def set_to(score: float) -> None:
        live.set_threshold(score)
        assert live.get("/figures").json()["threshold"] == score
        list(islice(sent, 10))  # those under way are through

    with live.get("/detections", stream=True) as answer:
        sent = ([thing["score"] for thing in event["data"]["detections"]] for event in events(answer))
        set_to(1.0)
        assert not any(islice(sent, 20))
        set_to(0.3)
        lowest = next(score for scores in sent for score in scores if score < 0.5)
        set_to(0.5)
        assert min(islice((score for scores in sent for score in scores), 20)) >= 0.5
    written = records(live.folder / "f.jsonl")
    scores = [thing["score"] for record in written for thing in record["detections"]]
    assert 0.3 <= min(scores) <= lowest


@pytest.mark.model
@pytest.mark.browser
def test_in_a_browser_the_picture_moves_and_the_slider_acts(live: Run, browser: Any) -> None:
    with Page(browser, live.address) as shown:
        shown.wait_for_pictures(5)
        slider = shown.page.locator("#threshold")
        for score, said in ((0.95, "nothing"), (0.3, "%")):
            slider.fill(str(score))
            shown.wait_for_text("found", said)
            assert live.get("/figures").json()["threshold"] == score
        shown.wait_for_text("stages", "accelerator")
        shown.wait_for_text("state", "live")
    assert shown.problems == []


def test_a_signal_ends_the_run_whoever_is_connected(
    clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    with looping(clip, tiny_model, tmp_path) as run:
        slow = SlowClient(run.port, "/stream.mjpg")
        stream = pictures(run.get("/stream.mjpg", stream=True))
        next(stream)
        told = run.get("/detections", stream=True)
        last: List[Dict[str, Any]] = []
        reader = threading.Thread(target=lambda: last.extend(events(told)))
        reader.start()
        assert run.stop() == 143
        reader.join(TIMEOUT_S)
        list(stream)  # it ends as HTTP says
    assert last[-1]["event"] == "end"
    assert "Traceback" not in "".join(run.errors)
    slow.close()


def test_a_file_that_ends_ends_the_view(video: Path, tiny_model: Path, tmp_path: Path) -> None:
    script = ROOT / "run_video.py"
    run = Run(script, "--no-display", "--input", video, "--model", tiny_model, folder=tmp_path)
    with run.get("/detections", stream=True) as answer:
        assert [event["event"] for event in events(answer) if "event" in event] == ["end"]
    _, errors = run.process.communicate(timeout=HANG_S)
    assert run.process.returncode == 0, errors


def test_a_port_in_use_is_one_line_and_exit_code_2(
    video: Path, tiny_model: Path, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        words = ["run", video, "none", "--model", tiny_model, "--set", f"web={port}"]
        done = call_here(*words, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: web: 127.0.0.1:{port}: Address already in use; choose another port with web"
    ]
