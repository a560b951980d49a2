"""Real servers and senders on this machine: their streams are read, break off, and come back."""

from __future__ import annotations

import json
import math
import os
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, List, NamedTuple, Optional

import pytest

from commands import ENVIRONMENT, HANG_S
from fakes import FakeDetector
from ports import free_udp_port
from rtsp_server import rtsp_server, tell
from splitdet.assemble import assemble
from splitdet.config import make_config
from splitdet.errors import SourceError
from splitdet.sources.captures.base import Capture
from splitdet.sources.captures.choose import choose_capture
from splitdet.sources.captures.opencv import OpenCVCapture
from splitdet.sources.captures.pyav import PyAVCapture, is_installed
from splitdet.sources.choose import open_source
from splitdet.sources.painted import BITS, read_number
from splitdet.sources.stream import StreamSource
from splitdet.types import Frame
from waiting import PATIENCE_S, until, until_heard

pytestmark = pytest.mark.gstreamer
SILENCE_S = 4.0  # for tests that wait for all of it; a server on a busy machine is silent at first

READERS = [
    "gstreamer",
    pytest.param("pyav", marks=pytest.mark.skipif(not is_installed(), reason="pip install av")),
    "opencv",
]


class Seen(NamedTuple):
    """What a test keeps of a frame."""

    index: int
    painted_us: Optional[int]
    """When its server painted it, by the clock of this machine; None where it is black or torn."""


def opened(reader: str, address: str, **reconnect: float) -> StreamSource:
    """The stream at `address`, by one of the three readers."""
    config = make_config(reconnect={"silence_s": HANG_S, "pause_s": 0.5, **reconnect})
    if reader == "gstreamer":
        source = open_source(address, config)
        assert isinstance(source, StreamSource)
        assert re.match(r"GStreamer 1\.\d+\.\d+, decoded by avdec_h26[45]$", source.reader)
        return source
    makers: Any = {
        "pyav": lambda: PyAVCapture(address, config.camera, config.reconnect.silence_s),
        "opencv": lambda: OpenCVCapture(address, config.reconnect.silence_s),
    }
    make: Callable[[], Capture] = makers[reader]
    return StreamSource(address, make, None, config.reconnect)


def read(source: StreamSource, frames: int) -> List[Seen]:
    """So many frames."""
    seen: List[Seen] = []
    while len(seen) < frames:
        frame = source.read()
        assert frame is not None
        seen.append(Seen(frame.index, read_number(frame.image)))
    return seen


def assert_new(frames: List[Seen]) -> None:
    """None of them is black, torn or seen twice."""
    painted = [frame.painted_us for frame in frames if frame.painted_us is not None]
    assert len(painted) == len(frames)
    assert all(later > earlier for earlier, later in zip(painted, painted[1:]))


@pytest.mark.parametrize("reader", READERS)
def test_a_stream_whose_server_is_killed_goes_on_with_new_frames(reader: str) -> None:
    with rtsp_server() as (server, address):
        source = opened(reader, address)
        frames = read(source, 20)
        killed_us = int(time.perf_counter() * 1e6) % 2**BITS
        server.kill()
        server.wait()
    port = int(address.split(":")[2].split("/")[0])
    with rtsp_server(port=port):
        while not source.gaps.count:
            frames += read(source, 1)
        new = [frames[-1], *read(source, 20)]
        frames += new[1:]
        assert_new(frames)
        assert all(frame.painted_us > killed_us for frame in new if frame.painted_us is not None)
        assert [frame.index for frame in frames] == list(range(len(frames)))
        (gap,) = source.gaps.last
        assert gap.frames == pytest.approx(25 * gap.seconds, abs=2)
        source.close()


@pytest.mark.parametrize(
    ("reader", "reason"), [("gstreamer", "The server closed the connection"), ("opencv", "it broke off")]
)
def test_the_reason_for_a_gap_is_told(reader: str, reason: str) -> None:
    with rtsp_server() as (server, address):
        source = opened(reader, address, give_up_s=1e-6)
        read(source, 5)
        server.kill()
    with pytest.raises(SourceError, match=reason):
        read(source, 1000)
    source.close()


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_stream_that_ends_is_at_its_end_and_not_gone(codec: str) -> None:
    with rtsp_server(codec) as (server, address):
        source = opened("gstreamer", address)
        read(source, 10)
        tell(server, "end")
        assert all(frame.image.any() for frame in iter(source.read, None))
        source.close()
    assert source.gaps.count == 0


@pytest.mark.parametrize("reader", READERS[:2])
def test_a_server_that_falls_silent_trips_the_watchdog(reader: str) -> None:
    with rtsp_server() as (server, address):
        source = opened(reader, address, silence_s=SILENCE_S, give_up_s=0.1)
        tell(server, "silent")
        with pytest.raises(SourceError, match=f"no frame for {SILENCE_S:g} s"):
            read(source, 1000)
        source.close()


@pytest.mark.parametrize("reader", READERS)
def test_a_stream_that_is_joined_in_its_middle_begins_with_a_whole_picture(reader: str) -> None:
    with rtsp_server() as (_, address):
        first = opened("gstreamer", address, silence_s=20.0)
        read(first, 17)  # key frames come every 12 pictures
        second = opened(reader, address, silence_s=20.0)
        assert_new(read(second, 10))
        first.close()
        second.close()


def test_an_interrupt_ends_the_wait_for_a_silent_server() -> None:
    with rtsp_server() as (server, address):
        source = opened("gstreamer", address, silence_s=3600.0)
        tell(server, "silent")
        ended = threading.Event()

        def read_on() -> None:
            while source.read() is not None:
                pass
            ended.set()

        threading.Thread(target=read_on, daemon=True).start()
        source.interrupt()
        assert ended.wait(20)
        source.close()


@contextmanager
def silent_server(takes_connections: bool = True) -> Iterator[str]:
    """The address of one that answers nothing, or does not even take connections."""
    with ExitStack() as sockets:
        listening = sockets.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(100 if takes_connections else 0)
        for _ in range(0 if takes_connections else 3):  # those fill its queue
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        yield f"rtsp://127.0.0.1:{listening.getsockname()[1]}/live"


@pytest.mark.parametrize("reader", READERS[:2])
@pytest.mark.parametrize(
    ("takes_connections", "message"),
    [(True, "no (frame|answer) for 2 s"), (False, "127.0.0.1 does not answer at port")],
)
def test_a_server_that_never_answers_is_refused(
    reader: str, takes_connections: bool, message: str
) -> None:
    with silent_server(takes_connections) as address, pytest.raises(SourceError, match=message):
        opened(reader, address, silence_s=2.0)


@pytest.mark.parametrize("takes_connections", [True, False])
def test_an_interrupt_ends_the_wait_for_a_server_that_never_answers(takes_connections: bool) -> None:
    with silent_server(takes_connections) as address:
        config = make_config(reconnect={"silence_s": 3600.0})
        reading = choose_capture(address, config)
        source = StreamSource(*reading, config.reconnect, patient=True)
        pipeline = assemble(source, FakeDetector())
        pipeline.start()
        while not source.due_s:  # until it is being opened
            threading.Event().wait(0.01)
        assert pipeline.close() == []


def test_a_codec_that_the_stream_does_not_have_is_told() -> None:
    with rtsp_server() as (_, address):
        config = make_config(camera={"codec": "h265"}, reconnect={"silence_s": 20})
        with pytest.raises(SourceError, match=r"is it coded as camera\.codec says\?"):
            open_source(address, config)


def test_a_stream_by_udp_whose_server_is_killed_is_gone() -> None:
    with rtsp_server() as (server, address):
        config = make_config(camera={"transport": "udp"}, reconnect={"silence_s": 20, "give_up_s": 1e-6})
        source = open_source(address, config)
        assert isinstance(source, StreamSource)
        assert_new(read(source, 20))
        server.kill()
        with pytest.raises(SourceError, match="gone for"):
            read(source, 1000)
        source.close()
    assert source.gaps.count == 1


def test_a_path_that_the_server_does_not_have_is_told() -> None:
    with rtsp_server() as (_, address), pytest.raises(SourceError, match="Not found"):
        opened("gstreamer", address + "/other")


def rtp_sender(codec: str, port: int, frames: int) -> List[str]:
    """The command that sends a test picture, as a board would send its camera."""
    number = codec[1:]
    pipeline = (
        f"videotestsrc is-live=true num-buffers={frames} ! "
        "video/x-raw,width=320,height=240,framerate=15/1 ! "
        f"x{number}enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! {codec}parse ! "
        f"rtp{codec}pay config-interval=1 ! udpsink host=127.0.0.1 port={port} sync=false"
    )
    return ["gst-launch-1.0", "-q", *pipeline.split()]


def start_when_heard(command: List[str], port: int) -> subprocess.Popen[bytes]:
    """Start a sender once somebody listens at its port."""
    until_heard(port)
    return subprocess.Popen(command)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_rtp_from_gst_launch_arrives_by_at_least_99_percent(codec: str) -> None:
    sent, port = 100, free_udp_port()  # no more a second than a reader on a busy machine keeps up with
    source = open_source(
        "camera",
        make_config(
            camera={"kind": "rtp", "port": port, "codec": codec},
            reconnect={"silence_s": SILENCE_S, "give_up_s": 0.1},
        ),
    )
    received: List[Frame] = []
    with ThreadPoolExecutor() as pool:
        sender = pool.submit(start_when_heard, rtp_sender(codec, port, sent), port)
        with pytest.raises(SourceError, match="no frame for"):
            received.extend(iter(source.read, None))
        assert sender.result().wait() == 0
    source.close()
    assert len(received) >= 0.99 * sent


@pytest.mark.parametrize("away", ["a moment", "a gap"])
def test_rtp_goes_on_when_its_sender_is_started_again(away: str) -> None:
    port = free_udp_port()
    command = rtp_sender("h264", port, 100_000)
    config = make_config(
        camera={"kind": "rtp", "port": port, "codec": "h264"}, reconnect={"silence_s": SILENCE_S}
    )
    source = open_source("camera", config)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(start_when_heard, command, port)
        frames = [source.read() for _ in range(20)]
        first.result().kill()
        first.result().wait()
        more = pool.submit(lambda: [source.read() for _ in range(20)])
        if away == "a gap":
            until(lambda: source.due_s == math.inf)  # it is being looked for
        with subprocess.Popen(command) as second:
            frames += more.result(PATIENCE_S)
            second.kill()
    source.close()
    assert [frame and frame.index for frame in frames] == list(range(40))
    assert source.gaps.count == (away == "a gap")


@pytest.mark.slow
def test_a_run_outlives_a_server_that_is_down_for_ten_seconds(tiny_model: Path, tmp_path: Path) -> None:
    settings = ["engine=tensorflow", "stall_timeout_s=5", "det_interval=1"]
    command = [sys.executable, "-m", "splitdet", "run"]
    options = [word for setting in settings for word in ("--set", setting)]
    with rtsp_server() as (server, address):
        port = int(address.split(":")[2].split("/")[0])
        command += [address, "none", "--model", str(tiny_model), "--summary", "s.json", *options]
        run = subprocess.Popen(
            command,
            cwd=str(tmp_path),
            env={**os.environ, **ENVIRONMENT},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        assert run.stdout is not None
        run.stdout.readline()  # the detections of its first frame
        server.kill()
        killed_s = time.perf_counter()
        time.sleep(10)
    with rtsp_server(port=port) as (server, _):
        errors = ""
        assert run.stderr is not None
        while "back after" not in errors:
            line = run.stderr.readline()
            assert line, errors
            errors += line
        gone_s = time.perf_counter() - killed_s
        tell(server, "end")
        errors += run.communicate(timeout=HANG_S)[1]
    assert run.returncode == 0, errors
    assert "gone after" in errors
    assert "The server closed the connection" in errors
    summary = json.loads((tmp_path / "s.json").read_text())
    assert summary["frames_in"] == summary["frames_out"] + sum(summary["dropped"].values())
    (gap,) = summary["gaps"]["last"]
    assert 10 < gap["seconds"] < gone_s + 10  # of which a busy machine takes what it wants
    assert gap["frames"] == pytest.approx(25 * gap["seconds"], abs=2)
