"""Events to real MQTT brokers, seen by a subscriber."""

from __future__ import annotations

import json
import queue
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator
from urllib.parse import quote

import pytest

from brokers import PASSWORD, USER, SilentBroker, broker, self_signed
from splitdet.errors import ConfigError
from splitdet.events.delivery import Delivery
from splitdet.events.mqtt import MOST_UNACKNOWLEDGED, MqttBroker
from splitdet.events.receiver import UndeliveredError
from waiting import until
from web_receiver import WAIT_S, free_port

TOPIC = "site/north door"
KINDS = ["mosquitto", "amqtt"]


def address(port: int, user: str = "") -> str:
    """Of the broker, with the topic."""
    return f"mqtt://{user}127.0.0.1:{port}/{quote(TOPIC)}"


@contextmanager
def subscriber(port: int) -> Iterator[queue.Queue[Dict[str, Any]]]:
    """What is published on the topic from now on."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    events: queue.Queue[Dict[str, Any]] = queue.Queue()
    ready: queue.Queue[bool] = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *unused: client.subscribe(TOPIC, qos=1)
    client.on_subscribe = lambda *unused: ready.put(True)
    client.on_message = lambda client, data, message: events.put(json.loads(message.payload))
    client.connect("127.0.0.1", port)
    client.loop_start()
    ready.get(timeout=WAIT_S)
    try:
        yield events
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_published_on_the_topic_as_json(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("paho.mqtt")
    with broker(kind, tmp_path) as port, subscriber(port) as events:
        with closing(MqttBroker(address(port))) as receiver:
            receiver.send({"event": "größe", "number": 0.5}, WAIT_S)
        assert events.get(timeout=WAIT_S) == {"event": "größe", "number": 0.5}


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_is_lost_is_made_again(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("paho.mqtt")
    port = free_port()
    with broker(kind, tmp_path, port):
        delivery = Delivery(MqttBroker(address(port)))
        delivery.put({"number": 1})
        until(lambda: delivery.figures["sent"])
    with broker(kind, tmp_path, port), subscriber(port) as events:
        delivery.put({"number": 2})
        assert events.get(timeout=WAIT_S) == {"number": 2}
        delivery.close(time.perf_counter() + WAIT_S)
    assert delivery.figures == {"sent": 2, "lost": 0}


def test_a_broker_that_is_not_there_cannot_be_reached() -> None:
    pytest.importorskip("paho.mqtt")
    with closing(MqttBroker(address(free_port()))) as receiver, pytest.raises(
        UndeliveredError, match="cannot be reached"
    ):
        receiver.send({}, 0.2)


def test_a_broker_may_ask_for_user_and_password(tmp_path: Path) -> None:
    pytest.importorskip("paho.mqtt")
    with broker("mosquitto", tmp_path, guarded=True) as port:
        user = f"{USER}:{quote(PASSWORD, safe='')}@"
        with closing(MqttBroker(address(port, user))) as receiver:
            receiver.send({}, WAIT_S)
            assert receiver.name == f"mqtt://127.0.0.1:{port}"


def refusal(receiver: MqttBroker) -> str:
    """Why an event is not taken, once the broker has answered."""
    with pytest.raises(UndeliveredError) as caught:
        receiver.send({}, 0.05)
    return str(caught.value).replace("cannot be reached", "")


def test_a_broker_that_refuses_says_why(tmp_path: Path) -> None:
    pytest.importorskip("paho.mqtt")
    with broker("mosquitto", tmp_path, guarded=True) as port:
        receiver = MqttBroker(address(port, f"{USER}:wrong@"))
        with closing(receiver):
            assert "refuses the connection: Not authorized" in until(lambda: refusal(receiver))


@pytest.fixture(name="silent")
def _silent() -> Iterator[SilentBroker]:
    pytest.importorskip("paho.mqtt")
    with SilentBroker() as broker:
        yield broker


def test_an_event_that_is_not_acknowledged_is_published_once_and_waited_for_again(
    silent: SilentBroker,
) -> None:
    event = {"number": 1}
    with closing(MqttBroker(address(silent.port))) as receiver:
        assert receiver._connected.wait(WAIT_S)
        for _ in range(3):
            with pytest.raises(UndeliveredError, match="does not acknowledge"):
                receiver.send(event, 0.05)
        silent.acknowledge()
        receiver.send(event, WAIT_S)
    assert silent.events == [event]


def is_taken(receiver: MqttBroker, event: Dict[str, Any]) -> bool:
    """Whether it is, this time."""
    try:
        receiver.send(event, 0.05)
    except UndeliveredError:
        return False
    return True


def test_a_broker_that_acknowledges_nothing_gets_so_many_events_and_no_more(
    silent: SilentBroker,
) -> None:
    last = {"number": -1}
    with closing(MqttBroker(address(silent.port))) as receiver:
        assert receiver._connected.wait(WAIT_S)
        for number in range(MOST_UNACKNOWLEDGED + 5):
            with pytest.raises(UndeliveredError, match="does not acknowledge"):
                receiver.send({"number": number}, 0.01)
        until(lambda: len(silent.events) == MOST_UNACKNOWLEDGED)
        silent.acknowledge()
        until(lambda: is_taken(receiver, last))
    numbers = [event["number"] for event in silent.events]
    assert numbers == [*range(MOST_UNACKNOWLEDGED), -1]


def test_a_broker_behind_tls_must_have_a_certificate_that_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("paho.mqtt")
    certificate = self_signed(tmp_path)
    with broker("mosquitto", tmp_path, certificate=certificate) as port:
        secure = address(port).replace("mqtt:", "mqtts:")
        with closing(MqttBroker(secure)) as receiver, pytest.raises(UndeliveredError):
            receiver.send({}, 0.5)
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        with closing(MqttBroker(secure)) as receiver:
            receiver.send({}, WAIT_S)


@pytest.mark.parametrize(
    "wrong", ["http://host/a", "mqtt://", "mqtt://host", "mqtt://host/", "mqtt://host/a/%23", "mqtt:a"]
)
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"event_mqtt: expects "):
        MqttBroker(wrong)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(ConfigError, match=r"pip install 'splitdet\[mqtt\]'"):
        MqttBroker("mqtt://host/topic")
