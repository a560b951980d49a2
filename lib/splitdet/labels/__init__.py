"""Class ids to names.

Three formats are read: `.pbtxt` (the Object Detection API's label map), `.json`
(`{"1": "person", ..}`) and `.txt` (one name a line; the first line is id 1). Gaps between ids are
kept.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Dict, Tuple, Union

from splitdet.errors import ConfigError

SHIPPED = {
    "coco.json": "coco.json",
    "mscoco_label_map.pbtxt": "coco.json",
    "mscoco_complete_label_map.pbtxt": "coco.json",
}
"""Well-known file names, and the map of ours that stands in where there is no such file."""

_TOKEN = re.compile(
    r"""(?P<space>[\s,;]+|\#[^\n]*) | (?P<open>\w+\s*:?\s*\{) | (?P<close>\}) |
        (?P<key>\w+)\s*:\s*(?P<value>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[^\s"',;{}\#]+)""",
    re.VERBOSE,
)


class Labels:
    """Names of classes; an id without a name is called by its number."""

    def __init__(self, names: Dict[int, str]) -> None:
        self.names = names

    def __getitem__(self, class_id: int) -> str:
        return self.names.get(int(class_id), str(int(class_id)))

    def __len__(self) -> int:
        return len(self.names)


def load_labels(path: Union[str, Path] = "") -> Labels:
    """Read a label map; the empty path gives the names of COCO.

    Raises:
        ConfigError: no such file, or not a label map.
    """
    path = Path(path or "coco.json")
    if not path.is_file():
        if path.name not in SHIPPED:
            raise ConfigError(f"label_path: {path}: no such file")
        path = Path(__file__).with_name(SHIPPED[path.name])
    readers = {".pbtxt": _from_pbtxt, ".json": _from_json, ".txt": _from_lines}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(f"label_path: {path}: expects a .pbtxt, .json or .txt file")
    try:
        names = reader(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"label_path: {path}: {error.strerror}") from None
    except (ValueError, KeyError) as error:
        raise ConfigError(f"label_path: {path}: not a label map ({error})") from None
    if not names:
        raise ConfigError(f"label_path: {path}: no class in this label map")
    return Labels(names)


def _from_pbtxt(text: str) -> Dict[int, str]:
    """Items of protobuf's text format; what lies deeper inside them is not looked at."""
    names: Dict[int, str] = {}
    fields: Dict[str, str] = {}
    depth = position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            line = text.count("\n", 0, position) + 1
            raise ValueError(f"line {line} is not of the form 'item {{ id: 1 name: \"..\" }}'")
        position = token.end()
        if token.group("open"):
            depth += 1
        elif token.group("close"):
            depth -= 1
            if depth == 0:
                number, name = _item(fields, len(names) + 1)
                names[number] = name
                fields = {}
        elif token.group("key") and depth == 1:
            fields[token.group("key")] = _unquoted(token.group("value"))
    if depth:
        raise ValueError("the last item is cut off")
    return names


def _item(fields: Dict[str, str], position: int) -> Tuple[int, str]:
    name = fields.get("display_name") or fields.get("name")
    if name is None or "id" not in fields:
        raise ValueError(f"item {position} has no id or no name")
    return int(fields["id"]), name


def _unquoted(value: str) -> str:
    if value[0] not in "\"'":
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1])


def _from_json(text: str) -> Dict[int, str]:
    content = json.loads(text)
    if isinstance(content, list):
        content = dict(enumerate(content, start=1))
    if not isinstance(content, dict):
        raise ValueError("expects an object of id to name")
    return {int(number): str(name) for number, name in content.items()}


def _from_lines(text: str) -> Dict[int, str]:
    if "\x00" in text:
        raise ValueError("binary data")
    return {number: line.strip() for number, line in enumerate(text.splitlines(), 1) if line.strip()}
