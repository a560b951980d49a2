"""Events by POST, to a real web server."""

from __future__ import annotations

import base64
import socket
import threading

import pytest

from splitdet.errors import ConfigError
from splitdet.events.receiver import UndeliveredError
from splitdet.events.webhook import Webhook
from web_receiver import HANG, WAIT_S, WebReceiver, free_port


def test_an_event_is_posted_as_json() -> None:
    with WebReceiver() as receiver:
        Webhook(f"{receiver.address}?key=5").send({"event": "größe", "number": 0.5}, WAIT_S)
        asked = receiver.requests.get_nowait()
    assert asked["path"] == "/events?key=5"
    assert asked["headers"]["Content-Type"] == "application/json"
    assert asked["event"] == {"event": "größe", "number": 0.5}


def test_user_and_password_of_the_address_are_sent_as_such_and_not_told() -> None:
    with WebReceiver() as receiver:
        webhook = Webhook(f"http://me:pass%40word@{receiver.host}/secret/path?token=1")
        webhook.send({}, WAIT_S)
        asked = receiver.requests.get_nowait()
        assert webhook.name == f"http://{receiver.host}"
    sent = base64.b64decode(asked["headers"]["Authorization"].split()[1]).decode()
    assert sent == "me:pass@word"


@pytest.mark.parametrize(
    ("status", "final"), [(400, True), (404, True), (408, False), (429, False), (502, False)]
)
def test_an_answer_says_whether_to_try_again(status: int, final: bool) -> None:
    with WebReceiver([status]) as receiver, pytest.raises(UndeliveredError, match=str(status)) as caught:
        Webhook(receiver.address).send({}, WAIT_S)
    assert caught.value.final is final


def test_a_receiver_elsewhere_is_not_followed() -> None:
    with WebReceiver() as other, WebReceiver([302], Location=other.address) as receiver:
        with pytest.raises(UndeliveredError, match="answers 302") as caught:
            Webhook(receiver.address).send({}, WAIT_S)
        assert other.requests.empty()
    assert caught.value.final


def test_a_receiver_that_does_not_answer_is_given_up_after_the_time_out() -> None:
    with WebReceiver([HANG]) as receiver, pytest.raises(UndeliveredError, match="does not answer"):
        Webhook(receiver.address).send({}, 0.1)


def test_a_receiver_that_is_not_there_cannot_be_reached() -> None:
    with pytest.raises(UndeliveredError, match="cannot be reached"):
        Webhook(f"http://127.0.0.1:{free_port()}/").send({}, WAIT_S)


def test_an_endless_answer_is_not_read() -> None:
    done = threading.Event()

    def pour(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n.\r\n")
            done.wait(WAIT_S)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=pour, args=(listener,), daemon=True)
        thread.start()
        Webhook(f"http://127.0.0.1:{listener.getsockname()[1]}/").send({}, WAIT_S)
        done.set()
        thread.join(WAIT_S)


@pytest.mark.parametrize(
    "address",
    ["example.org/x", "ftp://example.org", "http://", "http://:80/", "http://a:b:c/", "http://[::1/"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"event_webhook: expects an address such as http://host"):
        Webhook(address)


def test_a_password_in_a_wrong_address_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        Webhook("htp://me:secret@example.org")
    assert "secret" not in str(caught.value)
