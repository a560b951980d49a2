"""The file that `--json`, `--csv` or `--coco` names."""

from __future__ import annotations

import os

from splitdet.errors import SinkError
from splitdet.sinks.files import TextFile


def results_file(path: str, head: str = "") -> TextFile:
    """An empty text file for results, which stays open.

    Args:
        head: what it begins with.

    Raises:
        SinkError: the name ends with a slash or is `-`, or the file cannot be made.
    """
    if path == "-":
        raise SinkError("-: expects a file; /dev/stdout is standard output, where the summary goes too")
    if not os.path.basename(path):
        raise SinkError(f"{path}: is a folder; expects a file")
    return TextFile(path, head=head)
