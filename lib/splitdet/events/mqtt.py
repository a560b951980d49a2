"""Events to an MQTT broker."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, Dict
from urllib.parse import unquote

from splitdet.errors import ConfigError
from splitdet.events.receiver import Receiver, UndeliveredError, parsed_address, public_name

PORTS = {"mqtt": 1883, "mqtts": 8883}
KEEP_ALIVE_S = 30
LONGEST_PAUSE_S = 30
MOST_UNACKNOWLEDGED = 20
"""Events that a broker may have without acknowledging them; paho-mqtt sends no more than these ahead."""
_NO_CONNECTION = "cannot be reached"


class MqttBroker(Receiver):
    """Publishes each event on a topic, as a JSON object, at least once (quality of service 1).

    A connection that is lost is made again by paho-mqtt.

    Args:
        address: mqtt://[user:password@]host[:port]/topic, or mqtts:// with TLS.

    Raises:
        ConfigError: not such an address, or paho-mqtt is not installed.
    """

    kind = "mqtt"

    def __init__(self, address: str) -> None:
        parts = parsed_address("event_mqtt", address, PORTS)
        self._topic = unquote(parts.path[1:])
        if not self._topic or set("+#") & set(self._topic):
            raise ConfigError("event_mqtt: expects a topic behind the host, without + and #")
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError:
            raise ConfigError("event_mqtt needs a package: pip install 'splitdet[mqtt]'") from None
        self.name = public_name(parts)
        self._connected = threading.Event()
        self._problem = _NO_CONNECTION
        self._event: Any = None
        """What was published last, and what paho-mqtt tells of it: its `MQTTMessageInfo`."""
        self._message: Any = None
        self._client: Any = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.reconnect_delay_set(1, LONGEST_PAUSE_S)
        self._client.max_queued_messages_set(MOST_UNACKNOWLEDGED)
        if parts.username is not None:
            self._client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            self._client.tls_set()
        self._client.connect_async(str(parts.hostname), parts.port or PORTS[parts.scheme], KEEP_ALIVE_S)
        self._client.loop_start()

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        """Paho's thread: the broker has answered."""
        if reason.is_failure:
            self._problem = f"refuses the connection: {reason}"
        else:
            self._problem = _NO_CONNECTION
            self._connected.set()

    def _on_disconnect(self, *unused: Any) -> None:
        """Paho's thread: the connection is gone."""
        self._connected.clear()

    def send(self, event: Dict[str, Any], timeout_s: float) -> None:
        """See `Receiver.send`. The same object again is waited for again: paho-mqtt still has it, and
        sends it anew after each loss of the connection.
        """
        deadline_s = time.perf_counter() + timeout_s
        if event is not self._event:
            self._publish(event, timeout_s)
        self._message.wait_for_publish(max(0.01, deadline_s - time.perf_counter()))
        if not self._message.is_published():
            raise UndeliveredError(self._why_not)

    def _publish(self, event: Dict[str, Any], timeout_s: float) -> None:
        """Hand an event over to paho-mqtt, as soon as there is a connection."""
        if not self._connected.wait(timeout_s):
            raise UndeliveredError(self._why_not)
        message = self._client.publish(self._topic, json.dumps(event), qos=1)
        if message.rc:  # too many are not acknowledged, or the connection is just gone
            raise UndeliveredError(self._why_not)
        self._event, self._message = event, message

    @property
    def _why_not(self) -> str:
        return "does not acknowledge" if self._connected.is_set() else self._problem

    def close(self) -> None:
        """See `Receiver.close`."""
        self._client.disconnect()
        self._client.loop_stop()
