"""Cached files that are used only when they are whole and what was asked for.

Such a file starts with three lines: what it is, the key it was stored under and the SHA-256 of the
rest. Converted networks and engines are kept this way.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Optional, Union

from splitdet.cache import cache_file, write_cache

_MAGIC = b"splitdet cache 1"
log = logging.getLogger(__name__)


def key_of(*things: Union[str, bytes]) -> str:
    """SHA-256 of `things`, as hexadecimal digits; another order or another split is another key."""
    digest = hashlib.sha256()
    for thing in things:
        data = thing.encode("utf-8") if isinstance(thing, str) else thing
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


def path_of(key: str, suffix: str) -> Path:
    """Where something is kept.

    Args:
        suffix: kind of file, with its dot: `.onnx`.
    """
    return cache_file(key[:32] + suffix)


def load_checked(key: str, suffix: str) -> Optional[bytes]:
    """What was stored under `key`; None where there is nothing, or nothing that can be trusted."""
    path = path_of(key, suffix)
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.info("%s: cannot be read, so made anew (%s)", path, error.strerror)
        return None
    fields = whole.split(b"\n", 3)
    if len(fields) == 4 and fields[:2] == [_MAGIC, key.encode("ascii")]:
        data = fields[3]
        if hashlib.sha256(data).hexdigest().encode("ascii") == fields[2]:
            return data
    log.info("%s: damaged, or of something else, so made anew", path)
    return None


def store_checked(key: str, suffix: str, data: bytes) -> Path:
    """Keep `data` for later, with a note where that fails.

    Returns:
        Where it is kept, if it is.
    """
    path = path_of(key, suffix)
    checksum = hashlib.sha256(data).hexdigest()
    lines = [_MAGIC, key.encode("ascii"), checksum.encode("ascii"), data]
    write_cache(path, b"\n".join(lines))
    return path
