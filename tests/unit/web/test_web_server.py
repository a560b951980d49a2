"""The thread that serves, and the address that it serves at."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("uvicorn", reason="needs splitdet[web]")
pytest.importorskip("prometheus_client", reason="needs splitdet[web]")

from splitdet.errors import SinkError
from splitdet.web.server import Server
from web_view import LiveView, SlowClient, decoded, web_threads


def test_a_port_that_is_in_use_is_an_error_that_names_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(SinkError, match=rf"^web: 127\.0\.0\.1:{port}: Address already in use; "):
            Server("127.0.0.1", port)


def test_a_port_can_be_taken_again_at_once() -> None:
    with LiveView() as first:
        first.get("/healthz")
    Server("127.0.0.1", first.sink.port).stop()


@pytest.mark.parametrize("host", ["no.such.name.invalid", "x" * 300])
def test_a_name_without_an_address_is_an_error(host: str) -> None:
    with pytest.raises(SinkError, match=f"^web_host: {host}: no such address"):
        Server(host, 0)


def test_an_address_that_this_machine_does_not_have_is_an_error_of_the_host_not_of_the_port() -> None:
    with pytest.raises(SinkError, match=r"^web_host: 192\.0\.2\.1: not an address of this machine;"):
        Server("192.0.2.1", 0)


def test_a_client_that_takes_nothing_does_not_hold_up_the_end() -> None:
    before = set(web_threads())
    with LiveView(size_px=(720, 1280)) as view:
        slow = [SlowClient(view.sink.port, "/stream.mjpg") for _ in range(3)]
        for _ in range(20):  # until nothing more fits into what lies between
            decoded(view.get("/snapshot.jpg").content)
    assert set(web_threads()) <= before
    for client in slow:
        client.close()


def test_what_was_never_started_can_be_stopped() -> None:
    Server("127.0.0.1", 0).stop()


def test_a_server_that_is_stopped_at_once_leaves_no_thread() -> None:
    before = set(web_threads())
    for _ in range(10):
        LiveView().sink.close()
    assert set(web_threads()) <= before
