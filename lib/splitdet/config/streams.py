"""The section `reconnect` of config.yml: what to do when a stream falls silent."""

from __future__ import annotations

from dataclasses import dataclass

from splitdet.config.keys import key


@dataclass(frozen=True)
class Reconnect:
    """How long to wait for a stream, and how to look for it again."""

    silence_s: float = key(
        10.0, "a stream that gives no frame for so many seconds counts as gone", low=0.1, high=3600
    )
    pause_s: float = key(
        2.0, "longest pause between two attempts to find it again, seconds", low=0.1, high=3600
    )
    give_up_s: float = key(
        0.0, "end the run when it has been away for so many seconds; 0: never", low=0, high=1e9
    )
