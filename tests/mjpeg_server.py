"""A camera that sends JPEG pictures over HTTP, for ever, to whoever asks."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Iterator

import cv2
import numpy as np

RATE = 25


@contextmanager
def mjpeg_server() -> Iterator[str]:
    """Its address, while the context lasts."""
    closing = threading.Event()
    picture = np.random.RandomState(0).randint(0, 256, (48, 64, 3)).astype(np.uint8)
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()

    class Camera(BaseHTTPRequestHandler):
        """One who looks."""

        def do_GET(self) -> None:
            """Send pictures until nobody looks any more."""
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            with suppress(OSError):
                while not closing.wait(1 / RATE):
                    self.wfile.write(head.encode() + jpeg + b"\r\n")

        def log_message(self, *unused: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/camera.mjpg"
    finally:
        closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
