"""Class ids and names of a dataset, kept beside it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Dict, Iterable, Optional

from splitdet.data.text import one_line
from splitdet.errors import ConfigError
from splitdet.labels import Labels, load_labels

log = logging.getLogger(__name__)

LABEL_MAP = "label_map.pbtxt"
_NAMES = (LABEL_MAP, "labelmap.pbtxt", "label_map.txt", "labels.txt")


def label_map_beside(root: Path) -> Optional[Labels]:
    """The label map that lies in the folder of a dataset, if there is one that can be read."""
    others = sorted(root.glob("*label_map.pbtxt"))
    for path in (*(root / name for name in _NAMES), *others):
        if path.is_file():
            try:
                return load_labels(path, "label map")
            except ConfigError as error:
                log.warning("%s; not used", error)
    return None


def numbered(names: Iterable[str]) -> Labels:
    """Ids from 1 on, in the order of the alphabet."""
    return Labels(dict(enumerate(sorted(set(names)), start=1)))


def ids_of(labels: Labels) -> Dict[str, int]:
    """Name to id; of a name with several ids the smallest."""
    return {name: number for number, name in sorted(labels.names.items(), reverse=True)}


def as_pbtxt(labels: Labels) -> str:
    """A label map as the Object Detection API reads it."""
    return "\n".join(
        "item {{\n  id: {}\n  name: '{}'\n}}\n".format(
            number, one_line(name).replace("\\", "\\\\").replace("'", "\\'")
        )
        for number, name in sorted(labels.names.items())
    )
