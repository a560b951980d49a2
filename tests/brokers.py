"""Real MQTT brokers on this machine."""

from __future__ import annotations

import asyncio
import getpass
import json
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Dict, Iterator, List, Optional, Tuple

import pytest

from web_receiver import WAIT_S, free_port

USER, PASSWORD = "camera", "s3cret:/@"
_MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def installed(kind: str) -> bool:
    """Whether there is such a broker."""
    if kind == "mosquitto":
        return _MOSQUITTO is not None
    from importlib.util import find_spec

    return find_spec("amqtt") is not None


@contextmanager
def broker(
    kind: str, folder: Path, port: Optional[int] = None, guarded: bool = False, certificate: str = ""
) -> Iterator[int]:
    """A broker at a port of this machine.

    Args:
        guarded: it asks for `USER` and `PASSWORD` (mosquitto alone).
        certificate: file with its certificate and key, to speak TLS (mosquitto alone).
    """
    if not installed(kind):
        pytest.skip(f"{kind} is not installed")
    port = port or free_port()
    if kind == "mosquitto":
        command = _mosquitto(folder, port, guarded, certificate)
    else:
        command = [sys.executable, str(Path(__file__).resolve()), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "running" in line:
                break
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=WAIT_S)


def _mosquitto(folder: Path, port: int, guarded: bool, certificate: str) -> List[str]:
    lines = [f"listener {port} 127.0.0.1", "log_dest stderr", f"allow_anonymous {not guarded}".lower()]
    lines.append(f"user {getpass.getuser()}")  # root would become another, who cannot read what is here
    if guarded:
        users = folder / "users"
        subprocess.check_call(["mosquitto_passwd", "-b", "-c", str(users), USER, PASSWORD])
        lines.append(f"password_file {users}")
    if certificate:
        lines += [f"certfile {certificate}", f"keyfile {certificate}"]
    settings = folder / "mosquitto.conf"
    settings.write_text("\n".join(lines) + "\n")
    assert _MOSQUITTO is not None
    return [_MOSQUITTO, "-c", str(settings)]


class SilentBroker:
    """Takes one client, and acknowledges nothing until `acknowledge` is called; MQTT 3.1.1 by hand.

    Use it as a context manager.
    """

    def __init__(self) -> None:
        self.events: List[Dict[str, Any]] = []
        """What was published."""
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = int(self._listener.getsockname()[1])
        self._waiting: List[bytes] = []
        self._acknowledges = False
        self._lock = threading.Lock()
        self._client = socket.socket()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> SilentBroker:
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._listener.close()
        self._thread.join(WAIT_S)

    def acknowledge(self) -> None:
        """Acknowledge what has come, and all that comes."""
        with self._lock:
            self._acknowledges = True
            self._answer()

    def _answer(self) -> None:
        waiting, self._waiting = self._waiting, []
        for number in waiting:
            self._client.sendall(b"\x40\x02" + number)  # PUBACK

    def _serve(self) -> None:
        self._client, _ = self._listener.accept()
        with self._client, self._client.makefile("rb") as packets:
            kind, body = _packet(packets)
            while kind not in (0, 14):  # the end, DISCONNECT
                if kind == 1:  # CONNECT
                    self._client.sendall(b"\x20\x02\0\0")
                elif kind == 3:  # PUBLISH: the topic with its length, a number, the event
                    topic_end = 2 + int.from_bytes(body[:2], "big")
                    with self._lock:
                        self.events.append(json.loads(body[topic_end + 2 :].decode()))
                        self._waiting.append(body[topic_end : topic_end + 2])
                        if self._acknowledges:
                            self._answer()
                kind, body = _packet(packets)


def _packet(packets: IO[bytes]) -> Tuple[int, bytes]:
    """The next one: its kind, 0 at the end, and what is behind its length."""
    first = packets.read(1)
    if not first:
        return 0, b""
    length = shift = 0
    while True:
        digit = packets.read(1)[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            return first[0] >> 4, packets.read(length)


def self_signed(folder: Path) -> str:
    """A certificate for 127.0.0.1 and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    parts = [str(folder / name) for name in ("certificate.pem", "key.pem")]
    options = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"]
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-out", parts[0], "-keyout", parts[1]]
    subprocess.run([openssl, *request, *options], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text("".join(Path(part).read_text() for part in parts))
    return str(both)


async def _serve(port: int) -> None:
    """The body of a process that is a broker."""
    from amqtt.broker import Broker

    listener: Dict[str, str] = {"type": "tcp", "bind": f"127.0.0.1:{port}"}
    guard = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    await Broker({"listeners": {"default": listener}, "plugins": guard}).start()
    print("running", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
