"""What the images run to tell whether they are healthy; the images themselves need a Docker daemon."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Iterator

import pytest

from places import ROOT

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")

from web_view import LiveView

TOKEN = "a token"


@pytest.fixture(scope="module")
def view() -> Iterator[LiveView]:
    """A live view that wants a token."""
    with LiveView(web_token=TOKEN) as running:
        yield running


def health(**environment: str) -> int:
    """The exit code of the check."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPLITDET_")}
    command = [sys.executable, str(ROOT / "docker/health.py")]
    return subprocess.call(command, env={**inherited, **environment}, stdout=subprocess.DEVNULL)


def test_a_run_whose_live_view_answers_is_healthy(view: LiveView) -> None:
    assert health(SPLITDET_WEB=str(view.sink.port), SPLITDET_WEB_TOKEN=TOKEN) == 0


def test_a_live_view_that_refuses_is_not_healthy(view: LiveView) -> None:
    assert health(SPLITDET_WEB=str(view.sink.port), SPLITDET_WEB_TOKEN="another") == 1


def test_a_live_view_that_is_gone_is_not_healthy() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert health(SPLITDET_WEB=str(closed.getsockname()[1])) == 1


def test_without_a_live_view_there_is_nothing_to_ask() -> None:
    assert health() == 0


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.cuda"])
def test_an_image_copies_what_dockerignore_lets_through(name: str) -> None:
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert all((ROOT / path).exists() for path in let_through)
    lines = (ROOT / name).read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert copied == [".", "docker/health.py"]
    assert {"lib", "docker", "setup.py", "pyproject.toml", "README.md"} <= let_through
    assert "USER 1000" in lines
