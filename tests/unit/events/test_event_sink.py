"""Events as a sink: what is told, and to whom."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest

from results import FOUND, frame, with_masks_and_tracks
from splitdet.config import make_config
from splitdet.errors import ConfigError, SinkError
from splitdet.events.delivery import Delivery
from splitdet.events.receiver import Receiver, UndeliveredError
from splitdet.events.sink import EventSink
from splitdet.labels import Labels
from splitdet.types import Detections
from web_receiver import HANG, WAIT_S, WebReceiver, free_port

LABELS = Labels({1: "person", 7: "train"})
NEVER_S = 1e6
PERSON = {"name": "somebody", "class": "person", "cooldown_s": 0}


class Tired(Receiver):
    """Takes nothing the first time, and then everything."""

    kind = "tired"

    def __init__(self) -> None:
        self.has_failed = threading.Event()

    def send(self, event: Dict[str, Any], timeout_s: float) -> None:
        """See `Receiver.send`."""
        if not self.has_failed.is_set():
            self.has_failed.set()
            raise UndeliveredError("is tired")


def sink(*rules: Dict[str, Any], stills: Sequence[bool] = (False,), **config: Any) -> EventSink:
    """A sink with these rules."""
    return EventSink(make_config(events=list(rules), **config), LABELS, stills)


def logged(path: Path) -> List[Dict[str, Any]]:
    """The lines of the log."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_log_says_what_was_seen_when_and_where(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "events.jsonl"
    events = sink(PERSON, event_log=str(log))
    assert events.path == str(log)
    events.write(frame(3, "größe.mp4", 1.5), with_masks_and_tracks(), None)
    events.close()
    (record,) = logged(log)
    at = datetime.strptime(record.pop("at"), "%Y-%m-%dT%H:%M:%S.%f%z")
    assert abs(datetime.now(timezone.utc) - at) < timedelta(minutes=5)
    assert len(record.pop("id")) == 32
    assert record == {
        "schema": 1,
        "event": "somebody",
        "lasted_s": 0.0,
        "frame": 3,
        "source": "größe.mp4",
        "time_s": 1.5,
        "width": 64,
        "height": 48,
        "detections": [
            {
                "box": pytest.approx([0.1, 0.25, 0.5, 0.75]),
                "score": pytest.approx(0.9),
                "class_id": 1,
                "label": "person",
                "track": 12,
            }
        ],
    }


def test_the_log_of_an_earlier_run_stays(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    for source in ("a.mp4", "b.mp4"):
        events = sink(PERSON, event_log=str(log))
        events.write(frame(0, source), FOUND, None)
        events.close()
    assert [record["source"] for record in logged(log)] == ["a.mp4", "b.mp4"]


def test_no_two_events_share_an_id(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    events = sink(PERSON, {"name": "anything", "cooldown_s": 0}, event_log=str(log))
    for index in range(5):
        events.write(frame(index, time_s=index), FOUND, None)
    events.close()
    assert len({record["id"] for record in logged(log)}) == 10


@pytest.mark.parametrize(
    "source",
    ["rtsp://me:secret@192.0.2.1/live", "rtspsrc location=rtsp://me:secret@192.0.2.1/live ! appsink"],
)
def test_a_password_of_the_source_is_not_told(tmp_path: Path, source: str) -> None:
    log = tmp_path / "events.jsonl"
    events = sink(PERSON, event_log=str(log))
    events.write(frame(0, source), FOUND, None)
    events.close()
    (record,) = logged(log)
    assert record["source"] == source.replace("me:secret@", "")


@pytest.fixture
def _patient_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end waits for receivers for longer than any takes."""
    monkeypatch.setattr("splitdet.events.sink.FLUSH_S", WAIT_S)


@pytest.mark.usefixtures("_patient_end")
def test_a_webhook_gets_what_the_log_gets_and_both_are_counted(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    with WebReceiver() as receiver:
        events = sink(PERSON, event_log=str(log), event_webhook=receiver.address)
        for index in range(3):
            events.write(frame(index, time_s=index), FOUND, None)
        events.close()
        assert receiver.events() == logged(log)
    assert events.figures == {"events": {"found": 3, "webhook": {"sent": 3, "lost": 0}}}


@pytest.mark.usefixtures("_patient_end")
def test_a_receiver_that_is_not_there_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    events = sink(PERSON, event_webhook=f"http://127.0.0.1:{free_port()}/")
    for index in range(3):
        events.write(frame(index, time_s=index), FOUND, None)
    events.close()
    assert events.figures == {"events": {"found": 3, "webhook": {"sent": 0, "lost": 3}}}
    assert sum("cannot be reached" in message for message in caplog.messages) == 1


def test_an_event_is_a_line_on_the_console(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "splitdet")
    events = sink(PERSON)
    events.write(frame(7, time_s=0.25), FOUND, None)
    events.close()
    assert caplog.messages == ["event: somebody (frame 7, 0.25 s): person 0.90"]


def test_a_frame_without_an_event_tells_nobody(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    events = sink({"name": "a", "class": "train", "min_s": 5}, event_log=str(log))
    events.write(frame(), FOUND, None)
    events.close()
    assert logged(log) == []
    assert events.figures == {"events": {"found": 0}}


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"event_webhook": "nowhere"}, ConfigError),
        ({"event_mqtt": "http://host/topic"}, ConfigError),
        ({"event_log": "."}, SinkError),
    ],
)
def test_a_place_that_cannot_be_is_refused(config: Dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        sink(PERSON, **config)


def test_each_picture_of_a_folder_is_a_scene_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    events = sink({**PERSON, "min_s": 1, "cooldown_s": 60}, stills=[True], event_log=str(log))
    for index, found in enumerate([FOUND, Detections.none(), FOUND, FOUND]):
        events.write(frame(index), found, None)
    events.close()
    assert [(record["frame"], record["lasted_s"]) for record in logged(log)] == [(0, 0), (2, 0), (3, 0)]


def test_each_of_several_inputs_has_events_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    events = sink({**PERSON, "cooldown_s": 60}, stills=[False, False], event_log=str(log))
    for stream, source in [(0, "a.mp4"), (1, "b.mp4"), (0, "a.mp4"), (1, "b.mp4")]:
        events.write(replace(frame(3, source, 1.5), stream=stream), FOUND, None)
    events.close()
    assert [record["source"] for record in logged(log)] == ["a.mp4", "b.mp4"]


def test_a_dead_receiver_takes_no_time_from_the_others() -> None:
    with WebReceiver([HANG]) as receiver:
        events = sink(PERSON, event_webhook=receiver.address)
        tired = Tired()
        events._deliveries["tired"] = Delivery(tired, first_pause_s=NEVER_S)
        events.write(frame(), FOUND, None)
        receiver.next_event()  # still without an answer
        assert tired.has_failed.wait(WAIT_S)
        events.close()
        lost, sent = {"sent": 0, "lost": 1}, {"sent": 1, "lost": 0}
        assert events.figures == {"events": {"found": 1, "webhook": lost, "tired": sent}}


@pytest.mark.parametrize(
    ("rule", "classes", "warned"),
    [
        ("train", ["person"], True),
        (7, [1], True),
        (["person", "train"], ["person"], False),
        ([], ["person"], False),
        ("train", [], False),
    ],
)
def test_a_rule_whose_classes_are_not_reported_is_warned_of(
    rule: Any, classes: List[Any], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    sink({"name": "a", "class": rule}, stills=(False, True), classes=classes).close()
    expected = ["events: a never comes true: classes leaves out train"]
    assert caplog.messages == (expected if warned else [])
