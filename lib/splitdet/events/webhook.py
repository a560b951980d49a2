"""Events to an address on the web."""

from __future__ import annotations

from typing import Any, Dict

import requests

from splitdet.events.receiver import Receiver, UndeliveredError, parsed_address, public_name

TRY_AGAIN = (408, 425, 429)
"""Answers from 400 to 499 that do not mean that the event is refused for good."""


class Webhook(Receiver):
    """Sends each event by POST, as a JSON object; an answer from 200 to 299 means that it was taken.

    Args:
        address: http:// or https://, a user and password in it where the receiver asks for them.

    Raises:
        ConfigError: not such an address.
    """

    kind = "webhook"

    def __init__(self, address: str) -> None:
        parts = parsed_address("event_webhook", address, ("http", "https"))
        self.name = public_name(parts)
        self._address = address
        self._session = requests.Session()

    def send(self, event: Dict[str, Any], timeout_s: float) -> None:
        """See `Receiver.send`."""
        try:
            # not on to another address, which would be asked by GET, without the event; and the
            # body of the answer, which may be endless, is not read
            with self._session.post(
                self._address, json=event, timeout=timeout_s, allow_redirects=False, stream=True
            ) as answer:
                status, reason = answer.status_code, answer.reason
        except requests.Timeout:
            raise UndeliveredError("does not answer") from None
        except requests.ConnectionError:
            raise UndeliveredError("cannot be reached") from None
        except requests.RequestException as error:
            raise UndeliveredError(type(error).__name__) from None
        if status >= 300:
            final = status < 500 and status not in TRY_AGAIN
            raise UndeliveredError(f"answers {status} {reason}".strip(), final)

    def close(self) -> None:
        """See `Receiver.close`."""
        self._session.close()
