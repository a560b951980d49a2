"""A web view that is fed as a run feeds it, and what clients read from one."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any, Dict, Iterator, List, Optional

import cv2
import numpy as np
import requests

from fakes import FakeDetector
from splitdet.config import make_config
from splitdet.output import Output
from splitdet.pipeline.meter import Meter
from splitdet.types import Batch, Detections, Frame
from splitdet.visualize.painter import Painter
from splitdet.web.sink import WebSink

TIMEOUT_S = 20.0
SOURCE = "rtsp://me:secret@cam/1"
FOUND = Detections(
    np.array([[0.1, 0.25, 0.5, 0.75], [0, 0, 1, 1]], np.float32),
    np.array([0.9, 0.5], np.float32),
    np.array([1, 7], np.int64),
)


class LiveView:
    """Serves frames, one every few ms, until it is left; the picture says the index of its frame.

    Args:
        found: what is found in each frame.
        size_px: height and width of the frames.
        source: what the frames come from.
        config: any key of config.yml.
    """

    def __init__(
        self, found: Detections = FOUND, size_px: Any = (48, 64), source: str = SOURCE, **config: Any
    ) -> None:
        self.detector = FakeDetector(config=make_config(vis_text=False, **config))
        self.meter = Meter(1.0)
        painter = Painter(self.detector.labels)
        self.sink = WebSink(self.detector.config, self.detector, painter, self.meter, source)
        self.address = f"http://127.0.0.1:{self.sink.port}"
        self.index = 0
        self._found = found
        self._size = size_px
        self._output = Output(painter, [self.sink], self.meter, False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)

    def __enter__(self) -> LiveView:
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.pause()
        self._output.close()

    def pause(self) -> None:
        """Let no more frames come."""
        self._stop.set()
        self._thread.join()

    def get(self, path: str, **options: Any) -> requests.Response:
        """An answer."""
        return requests.get(self.address + path, timeout=TIMEOUT_S, **options)

    def _feed(self) -> None:
        while not self._stop.wait(0.003):
            image = np.full((*self._size, 3), self.index % 250, np.uint8)
            frame = Frame(image, self.index, SOURCE, self.index / 25, time.perf_counter())
            batch = Batch([frame], results=[self._found])
            begin_s = time.perf_counter()
            self._output(batch)
            batch.spans_s["output"] = (begin_s, time.perf_counter())
            self.meter.batch_done(batch)
            self.index += 1


def pictures(answer: requests.Response) -> Iterator[np.ndarray]:
    """The pictures of a stream, uint8 (H, W, 3), BGR."""
    assert answer.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
    lines = _Lines(answer)
    assert lines.read() == b"--frame"
    while True:
        header = lines.read()
        if header is None:
            return
        assert header == b"Content-Type: image/jpeg"
        length = int((lines.read() or b"").partition(b": ")[2])
        assert lines.read() == b""
        data = lines.read_bytes(length)
        assert (lines.read(), lines.read()) == (b"", b"--frame")
        yield decoded(data)


def decoded(jpeg: bytes) -> np.ndarray:
    """A JPEG as uint8 (H, W, 3), BGR."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


def events(answer: requests.Response) -> Iterator[Dict[str, Any]]:
    """Server-sent events: their fields, `data` as JSON."""
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    fields: Dict[str, Any] = {}
    for line in answer.iter_lines(decode_unicode=True):
        if not line:
            if "data" in fields:
                yield {**fields, "data": json.loads(fields["data"])}
            fields = {}
        else:
            name, _, value = line.partition(": ")
            fields[name] = value


class Page:
    """A page of a browser, which takes note of everything that went wrong on it."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.problems: List[str] = []
        self.page = browser.new_page(**options)
        self.page.set_default_timeout(1000 * TIMEOUT_S)
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(address, wait_until="domcontentloaded")

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *unused: object) -> None:
        self.page.close()

    def wait(self, condition: str) -> None:
        """Until a condition, in JavaScript, holds; it is looked at whenever the page is painted."""
        # not wait_for_function, which the page's own rules forbid: it makes code of text in the page
        self.page.evaluate(
            """(longest_ms) => new Promise((done, fail) => {
                const began = performance.now();
                const look = async () => {
                    if (await (CONDITION)) done();
                    else if (performance.now() - began < longest_ms) requestAnimationFrame(look);
                    else fail(new Error("it never came true"));
                };
                look();
            })""".replace("CONDITION", condition),
            1000 * TIMEOUT_S,
        )

    def text(self, element: str) -> str:
        """What the element with this id says."""
        return str(self.page.inner_text("#" + element))

    def wait_for_text(self, element: str, text: str) -> None:
        """Until the element with this id has the text in it."""
        self.wait(f"document.getElementById({element!r}).innerText.includes({text!r})")

    def pixels(self) -> str:
        """The live picture, as text."""
        return str(
            self.page.evaluate(
                """() => {
                    const live = document.getElementById("live");
                    const canvas = document.createElement("canvas");
                    [canvas.width, canvas.height] = [live.naturalWidth, live.naturalHeight];
                    canvas.getContext("2d").drawImage(live, 0, 0);
                    return canvas.toDataURL();
                }"""
            )
        )

    def wait_for_pictures(self, count: int) -> None:
        """Until so many different ones have been shown."""
        self.wait("!document.getElementById('live').hidden")
        seen = set()
        while len(seen) < count:
            self.page.evaluate("new Promise(requestAnimationFrame)")
            seen.add(self.pixels())


class SlowClient:
    """Asks for something and then takes nothing of it."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.head = self._socket.recv(300)

    def close(self) -> None:
        """Leave."""
        self._socket.close()


class _Lines:
    """A body that is read by lines and by bytes."""

    def __init__(self, answer: requests.Response) -> None:
        self._pieces = answer.iter_content(chunk_size=None)
        self._kept = b""

    def read(self) -> Optional[bytes]:
        """A line without its end; None where the body has ended."""
        while b"\r\n" not in self._kept:
            piece = next(self._pieces, None)
            if piece is None:
                return None
            self._kept += piece
        line, _, self._kept = self._kept.partition(b"\r\n")
        return line

    def read_bytes(self, count: int) -> bytes:
        """So many bytes."""
        while len(self._kept) < count:
            self._kept += next(self._pieces)
        data, self._kept = self._kept[:count], self._kept[count:]
        return data


def web_threads() -> List[threading.Thread]:
    """Threads of web views that are still alive."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("web")]


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
