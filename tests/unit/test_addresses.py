"""Addresses: what is shown of them, and why they cannot be reached."""

from __future__ import annotations

import socket

import pytest

from splitdet.addresses import why_unreachable, without_password


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("rtsp://me:secret@host:554/live", "rtsp://host:554/live"),
        ("rtsp://me@host/live", "rtsp://host/live"),
        ("rtsp://host:554/a:b@c", "rtsp://host:554/a:b@c"),
        ("rtspsrc location=rtsp://me:a@b@host/x ! a", "rtspsrc location=rtsp://host/x ! a"),
        ("rtspsrc user-id=me user-pw=secret ! appsink", "rtspsrc user-id=me user-pw=*** ! appsink"),
        ('rtspsrc user-pw="my \\"secret" ! appsink', "rtspsrc user-pw=*** ! appsink"),
        (
            "http://host/video?user=me&pwd=secret&channel=1",
            "http://host/video?user=me&pwd=***&channel=1",
        ),
        ("video/step=5.mp4", "video/step=5.mp4"),
    ],
)
def test_passwords_are_not_shown(spec: str, shown: str) -> None:
    assert without_password(spec) == shown


def test_a_port_where_nobody_listens_is_named() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        reason = why_unreachable(f"rtsp://u:p@127.0.0.1:{port}/live")
    assert reason == f"127.0.0.1, port {port}: connection refused; is the address right and reachable?"


def test_a_host_that_answers_is_reachable() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        port = listening.getsockname()[1]
        assert why_unreachable(f"http://127.0.0.1:{port}/") == ""


@pytest.mark.parametrize("address", ["file:///a.avi", "rtsp://", "rtsp://host:port/live"])
def test_an_address_without_a_host_is_not_connected_to(address: str) -> None:
    assert "is the address right" in why_unreachable(address)
