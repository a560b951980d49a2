"""Files that can be made again: in the user's cache folder, or where SPLITDET_CACHE says."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import platformdirs

from splitdet.files import write_whole

log = logging.getLogger(__name__)


def cache_file(name: str) -> Path:
    """Where a file of the cache lies; it need not be there."""
    folder = os.environ.get("SPLITDET_CACHE") or platformdirs.user_cache_dir("splitdet")
    return Path(folder) / name


def write_cache(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all; where that fails, it is only noted."""
    try:
        write_whole(path, data)
    except OSError as error:
        log.info("%s: not kept for next time (%s)", path, error.strerror)
