"""The web view's answers: a real server, real clients, frames as a run gives them."""

from __future__ import annotations

import socket
import threading
from itertools import islice
from typing import Any, Dict, Iterator

import numpy as np
import pytest
import requests

pytest.importorskip("uvicorn", reason="needs splitdet[web]")
pytest.importorskip("prometheus_client", reason="needs splitdet[web]")

from splitdet.types import Detections, Segmentation
from splitdet.visualize.draw import draw_found
from splitdet.visualize.palette import colour
from web_view import (
    FOUND,
    TIMEOUT_S,
    LiveView,
    SlowClient,
    decoded,
    events,
    pictures,
    web_threads,
)


@pytest.fixture(name="view")
def _view() -> Iterator[LiveView]:
    with LiveView() as view:
        yield view


@pytest.fixture(scope="module")
def shared_view() -> Iterator[LiveView]:
    """For tests that leave it as it was."""
    with LiveView() as view:
        yield view


def _index_of(picture: np.ndarray) -> int:
    """The index of the frame, modulo 250, which its lower right corner shows where nothing is drawn."""
    return round(float(picture[-12:-4, 40:60].mean()))


def test_the_page_and_its_files_are_sent_and_kept_by_nobody(shared_view: LiveView) -> None:
    types = {"/": "text/html", "/page.js": "text/javascript", "/style.css": "text/css"}
    for path, kind in {**types, "/icon.svg": "image/svg+xml"}.items():
        answer = shared_view.get(path)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(kind)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"] == "default-src 'self'"


def test_anything_else_is_not_found(shared_view: LiveView) -> None:
    assert shared_view.get("/../setup.py").status_code == 404
    assert shared_view.get("/static/index.html").status_code == 404


def test_the_stream_shows_one_new_picture_after_the_other() -> None:
    with LiveView(Detections.none()) as view, view.get("/stream.mjpg", stream=True) as answer:
        indices = [_index_of(picture) for picture in islice(pictures(answer), 5)]
    assert indices == sorted(set(indices))


def test_a_picture_has_the_results_drawn() -> None:
    with LiveView(size_px=(240, 320)) as view:
        picture = decoded(view.get("/snapshot.jpg").content).astype(int)
    grey = round(float(np.median(picture)))  # that of the frame, but for the loss of JPEG
    frames = [np.full((240, 320, 3), value, np.uint8) for value in range(max(0, grey - 3), grey + 4)]
    plain = min(float(np.abs(frame - picture).mean()) for frame in frames)
    for frame in frames:
        draw_found(frame, FOUND, view.detector.labels)
    assert min(float(np.abs(frame - picture).mean()) for frame in frames) < 3 < plain


def test_where_nobody_looks_nothing_is_drawn(view: LiveView, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr("splitdet.visualize.painter.draw_found", lambda *_: drawn.append(1))
    for _ in islice(events(view.get("/detections", stream=True)), 5):
        pass
    assert (view.index > 0, drawn) == (True, [])
    view.get("/snapshot.jpg")
    assert len(drawn) == 1


def test_pictures_are_not_drawn_more_often_than_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr("splitdet.visualize.painter.draw_found", lambda *_: drawn.append(1))
    with LiveView(max_vis_fps=5) as view, view.get("/stream.mjpg", stream=True) as answer:
        assert len(list(islice(pictures(answer), 4))) == 4
        view.pause()
    assert 4 <= len(drawn) < view.index / 3  # 60 times as many frames come as are wanted


def test_a_snapshot_is_the_next_picture(shared_view: LiveView) -> None:
    first, second = (decoded(shared_view.get("/snapshot.jpg").content) for _ in range(2))
    assert first.shape == second.shape == (48, 64, 3)
    assert (first != second).any()


def test_a_snapshot_of_a_source_that_stands_still_is_an_error(
    view: LiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitdet.web.app.SNAPSHOT_TIMEOUT_S", 0.2)
    view.pause()
    answer = view.get("/snapshot.jpg")
    assert (answer.status_code, answer.text) == (
        503,
        "no frame came for 0.2 seconds, or the run has ended\n",
    )


def test_detections_come_as_events_with_the_record_of_a_frame(shared_view: LiveView) -> None:
    with shared_view.get("/detections", stream=True) as answer:
        first, second = islice(events(answer), 2)
    record = first["data"]
    assert first["id"] == str(record["frame"])
    assert second["data"]["frame"] > record["frame"]
    assert list(record) == ["schema", "frame", "source", "time_s", "width", "height", "detections"]
    assert (record["width"], record["height"]) == (64, 48)
    blue, green, red = colour(1)
    assert record["detections"][0] == {
        "box": pytest.approx([0.1, 0.25, 0.5, 0.75]),
        "score": pytest.approx(0.9),
        "class_id": 1,
        "label": "thing",
        "colour": f"#{red:02x}{green:02x}{blue:02x}",
    }


def test_a_segmented_frame_has_the_share_of_each_class() -> None:
    pixels = np.zeros((4, 4), np.uint8)
    pixels[:, 2:] = 1
    found = Segmentation.of_pixels(pixels, 1)
    with LiveView(found) as view, view.get("/detections", stream=True) as answer:
        record = next(events(answer))["data"]
    shares = {area["label"]: area["share"] for area in record["segmentation"]}
    assert shares == {"0": 0.5, "thing": 0.5}


def test_the_password_of_a_source_is_told_to_nobody(shared_view: LiveView) -> None:
    with shared_view.get("/detections", stream=True) as answer:
        assert next(events(answer))["data"]["source"] == "rtsp://cam/1"
    assert shared_view.get("/figures").json()["source"] == "rtsp://cam/1"
    assert "secret" not in shared_view.get("/metrics").text


def test_the_figures_are_those_of_the_run(view: LiveView) -> None:
    with view.get("/detections", stream=True) as answer:
        stream = events(answer)
        next(stream)
        figures = view.get("/figures").json()
    assert figures["state"] == "running"
    assert figures["frames_out"] > 0
    assert figures["fps"] > 0
    assert figures["stages_ms"]["output"] >= 0
    assert (figures["streams"], figures["threshold"]) == (1, 0.5)
    assert (figures["model_type"], figures["engine"], figures["split"]) == ("fake", "no engine", True)


def test_health_tells_a_run_that_has_not_begun_from_one_that_goes_on() -> None:
    with LiveView() as view:
        next(events(view.get("/detections", stream=True)))
        view.pause()
        assert view.get("/healthz").json() == {"status": "running"}
        view.meter.frames_out = 0
        assert view.get("/healthz").json() == {"status": "starting"}


def test_the_threshold_is_that_of_the_detector(view: LiveView) -> None:
    answer = requests.post(view.address + "/threshold", json={"threshold": 0.25}, timeout=TIMEOUT_S)
    assert answer.json() == {"threshold": 0.25}
    assert view.detector.threshold.score == 0.25
    view.detector.threshold.set(0.75)
    assert view.get("/figures").json()["threshold"] == 0.75


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b'{"threshold": 1.5}', "application/json", 400),
        (b'{"threshold": "0.5"}', "application/json", 400),
        (b'{"threshold": NaN}', "application/json", 400),
        (b'{"threshold": null}', "application/json", 400),
        (b"[0.5]", "application/json", 400),
        (b"0.5", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 1_000_000, "application/json", 400),
        (b"", "application/json", 400),
        (b'{"threshold": 0.1}', "text/plain", 415),  # what a page of another site can send
        (b'{"threshold": 0.1}', "", 415),
    ],
)
def test_what_is_no_threshold_is_refused_and_changes_nothing(
    shared_view: LiveView, body: bytes, kind: str, code: int
) -> None:
    answer = requests.post(
        shared_view.address + "/threshold", data=body, headers={"Content-Type": kind}, timeout=TIMEOUT_S
    )
    assert answer.status_code == code
    assert answer.text.startswith("expects ")
    assert shared_view.detector.threshold.score == 0.5


def test_a_slow_client_delays_nobody() -> None:
    with LiveView(size_px=(480, 640)) as view:
        slow = [SlowClient(view.sink.port, path) for path in ("/stream.mjpg", "/stream.mjpg")]
        with view.get("/stream.mjpg", stream=True) as answer:
            stream = pictures(answer)
            shown = sum(1 for _ in islice(stream, 60))  # by far more than buffers hold
            streams = view.get("/figures").json()["streams"]
        assert (shown, streams) == (60, 3)
        assert view.get("/healthz").status_code == 200
        for client in slow:
            client.close()


def test_a_client_that_leaves_is_forgotten(view: LiveView) -> None:
    with view.get("/detections", stream=True) as answer:
        next(events(answer))
    with view.get("/detections", stream=True) as watching:
        for _ in islice(events(watching), 30):
            if view.get("/figures").json()["streams"] == 1:
                return
    pytest.fail("both streams are still counted")


def test_the_end_finishes_every_stream_and_leaves_no_thread() -> None:
    before = set(web_threads())
    with LiveView() as view:
        slow = SlowClient(view.sink.port, "/stream.mjpg")
        shown = view.get("/stream.mjpg", stream=True)
        told = view.get("/detections", stream=True)
        ends: Dict[str, Any] = {}

        def read() -> None:
            ends["events"] = list(events(told))

        reader = threading.Thread(target=read)
        reader.start()
        stream = pictures(shown)
        next(stream)
    assert list(stream) is not None  # it ends as HTTP says, not as a broken connection
    reader.join(TIMEOUT_S)
    assert ends["events"][-1]["event"] == "end"
    assert set(web_threads()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", view.sink.port), TIMEOUT_S)
    slow.close()


def test_a_failure_inside_is_told_and_the_view_goes_on(
    view: LiveView, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(view.meter, "recent", lambda: 1 / 0)
    assert view.get("/figures").status_code == 500
    assert "web view: /figures failed: ZeroDivisionError" in caplog.text
    assert view.get("/healthz").status_code == 200


def test_asking_for_the_head_of_a_stream_opens_none(view: LiveView) -> None:
    answer = requests.head(view.address + "/stream.mjpg", timeout=TIMEOUT_S)
    assert answer.headers["Content-Type"].startswith("multipart/")
    assert view.get("/figures").json()["streams"] == 0
