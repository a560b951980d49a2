"""Whom events are sent to: what every receiver offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, Iterable
from urllib.parse import SplitResult, urlsplit

from splitdet.errors import ConfigError


class UndeliveredError(Exception):
    """An event was not taken.

    Args:
        reason: in one line.
        final: it would not be taken the next time either.
    """

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class Receiver(ABC):
    """Takes events, one after the other, from one thread."""

    kind = ""
    """What figures call it."""
    name = ""
    """Where it is, for people; with nothing secret in it."""

    @abstractmethod
    def send(self, event: Dict[str, Any], timeout_s: float) -> None:
        """Hand one event over, and wait until it has been taken.

        Raises:
            UndeliveredError: it was not taken within `timeout_s`.
        """

    def close(self) -> None:
        """Leave. Called once."""
        return


def parsed_address(key: str, address: str, schemes: Iterable[str]) -> SplitResult:
    """An address in its parts.

    Args:
        key: of config.yml, for messages.
        schemes: those that are allowed.

    Raises:
        ConfigError: another scheme, no host, or a port that is none. The message has no password in it.
    """
    try:
        parts = urlsplit(address)
        if parts.scheme in schemes and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # brackets that are not an IPv6 address, a port that is no number
        pass
    expected = " or ".join(f"{scheme}://host" for scheme in schemes)
    raise ConfigError(f"{key}: expects an address such as {expected}")


def public_name(parts: SplitResult) -> str:
    """Scheme, host and port: what is left out may be secret, as the path of many a webhook is."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
