"""A file behind an address whose connection breaks off, with a real server and real FFmpeg."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Iterator

import cv2
import numpy as np
import pytest

from splitdet.config import make_config
from splitdet.errors import SourceError
from splitdet.sources.choose import open_source

av = pytest.importorskip("av", reason="needs splitdet[av]")
FRAMES = 40


@pytest.fixture(name="film", scope="module")
def _film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, which makes a file much larger than what is read ahead."""
    path = tmp_path_factory.mktemp("film") / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 240))
    random = np.random.RandomState(0)
    for _ in range(FRAMES):
        writer.write(random.randint(0, 256, (240, 320, 3), np.uint8))
    writer.release()
    return path


@contextmanager
def served(path: Path, cuts: int) -> Iterator[str]:
    """The address of a file that breaks off in its middle for so many times."""
    data = path.read_bytes()
    left = [cuts]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            left[0] -= 1
            self.wfile.write(data[: len(data) // 2] if left[0] >= 0 else data)

        def log_message(self, *unused: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/film.avi"
        server.shutdown()


def test_no_frame_is_lost_and_none_comes_twice(film: Path) -> None:
    with served(film, cuts=2) as address:
        source = open_source(address, make_config())
        images = [frame.image for frame in iter(source.read, None)]
        source.close()
    with av.open(str(film)) as container:
        whole = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert len(whole) == FRAMES
    np.testing.assert_array_equal(images, whole)
    assert source.gaps.count > 0
    assert sum(gap.frames for gap in source.gaps.last) == 0


def test_a_file_that_is_cut_off_where_it_lies_is_given_up(film: Path) -> None:
    with served(film, cuts=100) as address:
        source = open_source(address, make_config())
        with pytest.raises(SourceError, match=r"breaks off after \d+ frames each time"):
            list(iter(source.read, None))
        source.close()
