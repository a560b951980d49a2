"""Signals that ask a program to end."""

from __future__ import annotations

import signal

END_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Ctrl-C, the polite one, and that of a terminal which is closed; Windows has no such."""
