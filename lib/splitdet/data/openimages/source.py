"""Where Open Images lies, and how its files are fetched."""

from __future__ import annotations

import ipaddress
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional
from urllib.parse import urlsplit

from splitdet.errors import DataError, one_line

CONNECT_TIMEOUT_S = 15
READ_TIMEOUT_S = 60
RETRIES = 10
CONNECT_RETRIES = 3
"""Fewer: who has no network should not wait for minutes to be told."""
_BLOCK_BYTES = 1 << 16  # what has come of the last one is lost where it breaks off
_RETRIED = (429, 500, 502, 503, 504)
_NOTHING_FOLLOWS = 416  # no byte of the file is where the rest should begin


@dataclass(frozen=True)
class Source:
    """Addresses; `{part}` stands for train, validation or test, `{image}` for the id of a picture."""

    classes: str
    boxes: Dict[str, str]
    pictures: str


_BUCKET = "https://storage.googleapis.com/openimages/"
OFFICIAL = Source(
    classes=_BUCKET + "v5/class-descriptions-boxable.csv",
    boxes={
        "train": _BUCKET + "v6/oidv6-train-annotations-bbox.csv",
        "validation": _BUCKET + "v5/validation-annotations-bbox.csv",
        "test": _BUCKET + "v5/test-annotations-bbox.csv",
    },
    pictures="https://open-images-dataset.s3.amazonaws.com/{part}/{image}.jpg",
)


def mirror(address: str) -> Source:
    """A copy of it: class-descriptions-boxable.csv, train-annotations-bbox.csv, train/ID.jpg, ..

    Raises:
        DataError: not https, nor on this machine.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_local(parts.hostname or "")):
        raise DataError(f"--mirror {address}: expects https://, or http:// of this machine")
    base = address.rstrip("/") + "/"
    return Source(
        classes=base + "class-descriptions-boxable.csv",
        boxes={part: f"{base}{part}-annotations-bbox.csv" for part in OFFICIAL.boxes},
        pictures=base + "{part}/{image}.jpg",
    )


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


class Fetcher:
    """Fetches files over HTTP, from any thread.

    Args:
        retries: how often what fails is tried again, with growing pauses where the server is at fault.
    """

    def __init__(self, retries: int = RETRIES) -> None:
        self._retries = retries
        self._of_thread = threading.local()

    def bytes(self, address: str) -> bytes:
        """A small file.

        Raises:
            DataError: it cannot be had.
        """
        for _ in range(self._retries + 1):
            with self._get(address) as answer, suppress(OSError):  # an error here: it broke off
                data: bytes = answer.content
                if len(data) == int(answer.headers.get("Content-Length", len(data))):
                    return data
        raise DataError(f"{address}: broke off every time")

    def file(self, address: str, target: Path) -> None:
        """A large file, unless it is there; one that broke off is continued, in a later run too.

        Raises:
            DataError: it cannot be had.
        """
        if target.is_file():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".part")
        for _ in range(self._retries + 1):
            if self._continue(address, partial):
                os.replace(str(partial), str(target))
                _version_file(partial).unlink()
                return
        raise DataError(f"{address}: broke off every time; run again to go on where it stopped")

    def _continue(self, address: str, partial: Path) -> bool:
        """Fetch what is missing of a file; whether it is whole then."""
        version = _version_file(partial)
        headers = {}
        if partial.is_file() and version.is_file():
            # the rest is sent if the file is still that version, else all of it
            headers["Range"] = f"bytes={partial.stat().st_size}-"
            headers["If-Range"] = version.read_text(encoding="utf-8")
        with self._get(address, headers) as answer:
            if answer.status_code == _NOTHING_FOLLOWS:
                if answer.headers.get("Content-Range") == f"bytes */{partial.stat().st_size}":
                    return True  # it was whole before
                version.unlink()
                return self._continue(address, partial)
            follows = answer.status_code == 206
            version.write_text(answer.headers.get("ETag", ""), encoding="utf-8")
            with open(str(partial), "ab" if follows else "wb") as file:
                length = answer.headers.get("Content-Length")
                end = None if length is None else file.tell() + int(length)
                with suppress(OSError):  # it broke off
                    for block in answer.iter_content(_BLOCK_BYTES):
                        file.write(block)
                    return end is None or file.tell() == end
        return False

    def _get(self, address: str, headers: Optional[Dict[str, str]] = None) -> Any:
        """The answer to a request, its body not read yet; DataError where there is none."""
        # as the files are, or lengths would not be those of what is written
        headers = {"Accept-Encoding": "identity", **(headers or {})}
        try:
            answer = self._session().get(
                address, headers=headers, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
            )
            if not (answer.status_code == _NOTHING_FOLLOWS and "Range" in headers):
                answer.raise_for_status()
        except OSError as error:
            raise DataError(f"{address}: {one_line(error)}") from None
        return answer

    def _session(self) -> Any:
        """The session of this thread."""
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.util.retry import Retry

        if not hasattr(self._of_thread, "session"):
            retry = Retry(
                self._retries,
                connect=min(CONNECT_RETRIES, self._retries),
                backoff_factor=0.5,
                status_forcelist=_RETRIED,
            )
            self._of_thread.session = requests.Session()
            for scheme in ("https://", "http://"):
                self._of_thread.session.mount(scheme, HTTPAdapter(max_retries=retry))
        return self._of_thread.session


def _version_file(partial: Path) -> Path:
    """What the server called the version of a file that is there in part."""
    return partial.with_name(partial.name + ".etag")
