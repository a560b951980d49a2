"""Waiting in tests for what another thread or process does, and cannot tell."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable

PATIENCE_S = 60.0
"""Whatever takes longer hangs."""


def within(seconds: float, found: Callable[[], Any]) -> Any:
    """What `found` gives as soon as that is something; None where it takes longer than `seconds`."""
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        result = found()
        if result:
            return result
        time.sleep(0.02)
    return None


def until(found: Callable[[], Any]) -> Any:
    """What `found` gives as soon as that is something; AssertionError where it takes too long."""
    result = within(PATIENCE_S, found)
    assert result, "waited in vain"
    return result


def until_heard(port: int) -> None:
    """Until somebody listens at a UDP port."""
    until(lambda: f":{port:04X} " in Path("/proc/net/udp").read_text())
