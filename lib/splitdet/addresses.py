"""Addresses and names: what may be shown of one, and what keeps it from being read."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

ANSWER_TIMEOUT_S = 1.5  # this cannot be interrupted, and whoever stops a run waits no longer than 2 s
_SECRET = re.compile(r'(?i)\b((?:pw|pwd|pass|passwd|password|token)=)("(?:[^"\\]|\\.)*"|[^\s&]+)')
_DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935}


def without_password(text: str) -> str:
    """`text` as it may be shown: no `//user:password@`, and no value of what is called a password."""
    return _SECRET.sub(r"\1***", re.sub(r"//[^/\s]*@", "//", text))


def printable(name: str) -> str:
    """`name` with what is not UTF-8 in it as `\\udc..`, for titles and pages."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def why_unreachable(address: str) -> str:
    """Why nobody answers at an address, found by connecting to it; empty where somebody does."""
    question = "is the address right and reachable?"
    parts = urlsplit(address)
    try:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return question
    if not parts.hostname or port is None:
        return question
    try:
        socket.create_connection((parts.hostname, port), ANSWER_TIMEOUT_S).close()
    except socket.timeout:
        return f"{parts.hostname} does not answer at port {port}; {question}"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return f"{parts.hostname}, port {port}: {reason}; {question}"
    return ""
