"""Class ids to names.

Three formats are read: `.pbtxt` (the Object Detection API's label map), `.json`
(`{"1": "person", ..}`) and `.txt` (one name a line; the first line is id 1, or BACKGROUND with
id 1 behind it). Gaps between ids are kept. The maps of the data sets that public models were
trained on come with the package.
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, Optional, Set, Tuple, Union

from splitdet.errors import ConfigError

SHIPPED = ("coco", "face", "one_class", "open_images", "open_images_545", "pascal_voc", "pets")
"""Maps that come with the package; each of these names may stand in the place of a file."""

WELL_KNOWN = {
    **{f"{name}.json": name for name in SHIPPED},
    "mscoco_label_map.pbtxt": "coco",
    "mscoco_complete_label_map.pbtxt": "coco",
    "pascal_label_map.pbtxt": "pascal_voc",
    "oid_v4_label_map.pbtxt": "open_images",
    "oid_bbox_trainable_label_map.pbtxt": "open_images_545",
    "pet_label_map.pbtxt": "pets",
    "face_label_map.pbtxt": "face",
}
"""File names of the Object Detection API, and the map of ours that stands in where there is none."""

_FEW = 10
"""So many names of classes a message may list."""

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

    def ids(self, wanted: Iterable[Union[int, str]]) -> FrozenSet[int]:
        """The classes of these names (small letters or large) or ids.

        Raises:
            ConfigError: there is no such class; the message suggests one.
        """
        by_name: Dict[str, Set[int]] = {}
        for number, name in self.names.items():
            by_name.setdefault(name.lower(), set()).add(number)
        found: Set[int] = set()
        for item in wanted:
            text = str(item).lower()
            if isinstance(item, int) and (item in self.names or not self.names):
                found.add(item)
            elif text in by_name:
                found |= by_name[text]
            else:
                close = difflib.get_close_matches(text, by_name, n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                if not close and 0 < len(self.names) <= _FEW:
                    hint = "; it has {}".format(", ".join(self.names.values()))
                raise ConfigError(f"classes: the model has no class {item!r}{hint}")
        return frozenset(found)


def load_labels(path: Union[str, Path] = "", asked_by: str = "label_path") -> Labels:
    """Read a label map; the empty path gives the names of COCO.

    Args:
        path: a file, or the name of a map in `SHIPPED`.
        asked_by: the key or the option that the path comes from, for messages.

    Raises:
        ConfigError: no such file or map, or not a label map.
    """
    path = Path(path or "coco")
    if str(path) in SHIPPED or not path.is_file():
        ours = shipped_map(path)
        if ours is None:
            raise ConfigError(f"{asked_by}: {path}: no such file{suggestion(path)}")
        path = ours
    readers = {".pbtxt": _from_pbtxt, ".json": _from_json, ".txt": _from_lines}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(f"{asked_by}: {path}: expects a .pbtxt, .json or .txt file")
    try:
        names = reader(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{asked_by}: {path}: {error.strerror}") from None
    except (ValueError, KeyError, RecursionError) as error:
        raise ConfigError(f"{asked_by}: {path}: not a label map ({error})") from None
    if not names:
        raise ConfigError(f"{asked_by}: {path}: no class in this label map")
    return Labels(names)


def shipped_map(path: Union[str, Path]) -> Optional[Path]:
    """The file of ours that stands for a name of `SHIPPED` or a well-known file; None for any other."""
    name = str(path)
    if name not in SHIPPED:
        name = WELL_KNOWN.get(Path(path).name, "")
    return Path(__file__).with_name(name + ".json") if name else None


def suggestion(path: Union[str, Path]) -> str:
    """The end of a message on a map that is not there: the nearest name, and all that are shipped."""
    name = Path(path).name.lower()
    if Path(name).suffix in ("", ".json"):
        close = difflib.get_close_matches(Path(name).stem, SHIPPED, n=1)
    else:  # nearly all of these file names end alike: only a typing error is closer than 0.9
        close = difflib.get_close_matches(name, WELL_KNOWN, n=1, cutoff=0.9)
    hint = f"; did you mean {close[0]}?" if close else ""
    return "{} (shipped: {})".format(hint, ", ".join(SHIPPED))


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
    lines = [line.strip() for line in text.splitlines()]
    # the training scripts of jetson-inference put it there, as their class 0
    first = 0 if lines and lines[0].upper() == "BACKGROUND" else 1
    return {number: line for number, line in enumerate(lines, first) if line and number}
