"""Results that are sent, read back by others: ffprobe, GStreamer, a player over RTSP."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import socket
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any, Iterator, List

import cv2
import numpy as np
import pytest

from commands import call_here
from ports import free_udp_port
from splitdet.config import make_config
from splitdet.errors import SinkError
from splitdet.sinks import gstreamer
from splitdet.sinks.base import Sink
from splitdet.sinks.send import open_sender
from splitdet.sources.choose import open_source
from splitdet.sources.painted import paint_number, read_number
from splitdet.types import Detections, Frame
from waiting import until_heard

pytestmark = pytest.mark.gstreamer
RATE = 25.0
SIZE = (240, 322)  # rows of a width like this one do not end at a multiple of four bytes


def pictures(count: int) -> Iterator[Frame]:
    """Frames with their numbers painted into them."""
    for index in range(count):
        image = np.full((*SIZE, 3), (200, 90, 40), np.uint8)
        paint_number(image, index)
        yield Frame(image, index, "painted", index / RATE, time.perf_counter())


def send(sink: Sink, count: int) -> None:
    """Write so many pictures, and close."""
    for frame in pictures(count):
        sink.write(frame, Detections.none(), frame.image if sink.wants_picture() else None)
    sink.close()


def sender(place: str, live: bool = False, **config: Any) -> Sink:
    return open_sender(place, make_config(**config), RATE, live, stream=0, count=1)


def probe(*words: str) -> Any:
    """What ffprobe says of the first video stream."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_streams", "-of", "json"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["streams"][0]


def test_a_pipeline_writes_every_picture_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mkv"
    coder = "videoconvert ! jpegenc quality=95 ! matroskamux"
    send(sender(f"appsrc ! {coder} ! filesink location={path}"), 40)
    found = probe("-count_frames", str(path))
    assert (found["codec_name"], found["width"], found["height"]) == ("mjpeg", 322, 240)
    assert int(found["nb_read_frames"]) == 40
    capture = cv2.VideoCapture(str(path))
    assert [read_number(capture.read()[1]) for _ in range(40)] == list(range(40))


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_rtp_is_read_by_ffprobe_with_the_sdp_that_was_printed(
    codec: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="splitdet")
    sink = sender(f"rtp://127.0.0.1:{free_udp_port()}", encode={"codec": codec})
    (told,) = [text for text in caplog.messages if "for the receiver" in text]
    session = tmp_path / "stream.sdp"
    session.write_text(told[told.index("v=0") :])
    probed = threading.Event()

    def send_on() -> None:
        for frame in pictures(10_000):
            if probed.is_set():
                break
            sink.write(frame, Detections.none(), frame.image)
        sink.close()

    thread = threading.Thread(target=send_on)
    thread.start()
    words = ["-protocol_whitelist", "file,udp,rtp", "-analyzeduration", "3000000", "-i", str(session)]
    try:
        found = probe(*words)
    finally:
        probed.set()
        thread.join()
    assert (found["codec_name"].replace("hevc", "h265"), found["width"]) == (codec, 322)


def test_rtp_carries_the_pictures_in_order() -> None:
    port = free_udp_port()
    camera = {"kind": "rtp", "port": port, "latency_ms": 50}
    reconnect = {"silence_s": 4, "give_up_s": 0.1}
    source = open_source("camera", make_config(camera=camera, reconnect=reconnect))
    sink = sender(f"rtp://127.0.0.1:{port}")

    def send_when_heard() -> None:
        until_heard(port)
        send(sink, 100)

    thread = threading.Thread(target=send_when_heard)
    thread.start()
    numbers: List[Any] = []
    with pytest.raises(Exception, match="no frame for"):
        numbers.extend(read_number(frame.image) for frame in iter(source.read, None))
    thread.join()
    source.close()
    assert None not in numbers
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 60  # those before the receiver was there are gone


def test_rtsp_is_served_to_two_clients_at_once() -> None:
    sink = sender(f"rtsp://127.0.0.1:{free_udp_port()}/found", live=True)
    address = sink.address  # type: ignore[attr-defined]
    stop = threading.Event()

    def write() -> None:
        begin_s = time.perf_counter()
        index = 0
        while not stop.is_set():
            image = np.full((*SIZE, 3), (200, 90, 40), np.uint8)
            paint_number(image, index)
            frame = Frame(image, index, "painted", index / RATE, 0.0)
            sink.write(frame, Detections.none(), image if sink.wants_picture() else None)
            index += 1
            time.sleep(max(0.0, begin_s + index / RATE - time.perf_counter()))
        sink.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        clients = [open_source(address, make_config(reconnect={"silence_s": 20})) for _ in range(2)]
        for client in clients:
            numbers = [read_number(client.read().image) for _ in range(20)]  # type: ignore[union-attr]
            assert None not in numbers
            assert numbers == sorted(set(numbers))
        found = probe("-rtsp_transport", "tcp", address)
        assert (found["codec_name"], found["width"], found["height"]) == ("h264", 322, 240)
        for client in clients:
            client.close()
    finally:
        stop.set()
        thread.join()


def test_a_server_that_is_closed_leaves_no_file_handle_behind() -> None:
    def serve_and_close() -> int:
        sender(f"rtsp://127.0.0.1:{free_udp_port()}/found", live=True).close()
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    before = [serve_and_close() for _ in range(3)][-1]
    assert [serve_and_close() for _ in range(5)][-1] <= before


def test_nothing_is_drawn_for_a_server_without_clients() -> None:
    sink = sender(f"rtsp://127.0.0.1:{free_udp_port()}/found", live=True)
    assert not sink.wants_picture()
    sink.close()


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(SinkError, match=f"127.0.0.1, port {port}: cannot be listened at"):
            sender(f"rtsp://127.0.0.1:{port}/found")


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("appsrc ! nosuchelement", 'no element "nosuchelement"'),
        ("videotestsrc ! fakesink", "a pipeline needs one appsrc, this has 0"),
        ("appsrc ! videoconvert ! filesink location=/nowhere/out.raw", "Could not open file"),
        ("appsrc ! x264enc bitrate=oops ! fakesink", "could not set property"),
    ],
)
def test_a_pipeline_that_does_not_work_is_one_line(pipeline: str, message: str) -> None:
    with pytest.raises(SinkError, match=re.escape(message)) as caught:
        send(sender(pipeline), 50)
    assert "\n" not in str(caught.value)


def test_a_disk_that_is_full_ends_the_run_with_its_reason() -> None:
    sink = sender("appsrc ! identity sleep-time=300000 ! filesink buffer-mode=2 location=/dev/full")
    failures: List[Exception] = []

    def write() -> None:
        try:
            send(sink, 50)
        except SinkError as error:
            failures.append(error)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    thread.join(20)
    assert [str(error).partition(": ")[2] for error in failures] == ["No space left on the resource"]


def test_pictures_without_times_follow_one_another_at_the_rate(tmp_path: Path) -> None:
    path = tmp_path / "out.mkv"
    sink = sender(f"appsrc ! videoconvert ! jpegenc ! matroskamux ! filesink location={path}")
    for frame in pictures(5):
        sink.write(replace(frame, time_s=0.0), Detections.none(), frame.image)
    sink.close()
    command = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path]
    told = subprocess.run(command, stdout=PIPE, text=True, check=True, timeout=60).stdout
    times_s = [float(line.rstrip(",")) for line in told.split()]
    np.testing.assert_allclose(times_s, np.arange(5) / RATE, atol=0.002)


def test_what_is_played_at_the_pace_of_a_slow_file_has_time_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gstreamer, "END_TIMEOUT_S", 0.2)
    place = "appsrc ! videoconvert ! fakesink sync=true"
    sink = open_sender(place, make_config(), rate=4.0, live=False, stream=0, count=1)
    for frame in pictures(6):
        sink.write(replace(frame, time_s=frame.index / 4), Detections.none(), frame.image)
    sink.close()


def test_a_password_is_neither_shown_nor_taken_for_a_lock() -> None:
    with pytest.raises(SinkError, match="leave the password out") as caught:
        sender("rtsp://me:secret@127.0.0.1:8554/found")
    assert "secret" not in str(caught.value)
    with pytest.raises(SinkError, match="no element") as caught:
        sender("appsrc ! nosuchelement location=rtsp://me:secret@host/live")
    assert "secret" not in str(caught.value)


def test_a_picture_of_another_size_is_refused() -> None:
    sink = sender("appsrc ! fakesink")
    send_one = Frame(np.zeros((4, 4, 3), np.uint8), 0, "a", 0.0, 0.0)
    sink.write(send_one, Detections.none(), send_one.image)
    other = Frame(np.zeros((4, 8, 3), np.uint8), 1, "a", 0.1, 0.0)
    with pytest.raises(SinkError, match="the source changed its size"):
        sink.write(other, Detections.none(), other.image)
    sink.close()


def test_a_run_sends_and_saves_at_the_same_time(video: Path, tiny_model: Path, tmp_path: Path) -> None:
    pipeline = "appsrc ! videoconvert ! jpegenc ! matroskamux ! filesink location=sent.mkv"
    done = call_here(
        *("run", video, pipeline, "--save", "saved.avi", "--json", "found.jsonl", "--no-display"),
        *("--model", tiny_model),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    for name in ("sent.mkv", "saved.avi"):
        assert int(probe("-count_frames", str(tmp_path / name))["nb_read_frames"]) == 25
