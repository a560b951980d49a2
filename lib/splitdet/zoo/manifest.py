"""What is known of a model: one file for each.

Those of the zoo lie in `manifests/`. A model of your own has a `manifest.yml` beside its graph:

    graph: my.pb           # default: frozen_inference_graph.pb, else the only .pb there
    model_type: nms_v2     # default: auto
    labels: my_map.txt     # a file beside it, or the name of a map that comes with splitdet
    url: https://..        # where `splitdet models get NAME` finds it: a .tar.gz or a .pb
    hash: sha256:..        # of what lies there; needed unless the address is https

All of them may be left out, and so may the other fields of `Manifest` that are not for the zoo alone.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

import dacite
import yaml

from splitdet.config import Config
from splitdet.config.load import UNREADABLE
from splitdet.errors import ModelError
from splitdet.labels import shipped_map, suggestion

MANIFEST_FILE = "manifest.yml"
_FOLDER = Path(__file__).with_name("manifests")
_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True)
class NpmSource:
    """An npm package with the same weights as a TensorFlow.js graph model."""

    npm_package: str
    """Name and version."""
    folder: str
    """Where model.json and its shards lie in the package."""
    sha256: Dict[str, str]
    """File name to checksum."""


@dataclass(frozen=True)
class KeptAspect:
    """A size for pictures that keep the ratio of their sides.

    They are scaled until the short side has its length, or less where the long one would grow
    beyond its own. Without a length for the short side, the long one always gets its own.
    """

    long_side: int
    short_side: Optional[int] = None

    def __str__(self) -> str:
        return f"{self.short_side} to {self.long_side}" if self.short_side else str(self.long_side)


@dataclass(frozen=True)
class Manifest:
    """A model of the zoo, or one of the user's own."""

    name: str
    url: str = ""
    """Its archive, a .tar.gz with the graph in it, or the graph itself, a .pb."""
    model_type: str = "auto"
    labels: str = ""
    """A map that comes with the package, or a file in `folder`; see `label_path`."""
    graph: str = ""
    """The file in `folder`; empty where it has a usual name."""
    hash: Optional[str] = None
    """`algorithm:hex` of what is at `url`; None where nobody has published one."""
    archive_bytes: Optional[int] = None
    input_size_px: Union[Tuple[int, int], KeptAspect, None] = None
    """What pictures are scaled to before the network sees them: (height, width), or by their sides."""
    anchors: Optional[int] = None
    """Boxes that enter the NMS; None where their number depends on the picture."""
    licence: str = ""
    notes: str = ""
    """What is special about it, in one line."""
    aliases: List[str] = field(default_factory=list)
    """Other names under which it is known and found."""
    second_source: Optional[NpmSource] = None
    folder: Optional[Path] = None
    """Where the model lies, for one of the user's own; None for one of the zoo."""

    @property
    def file(self) -> Path:
        """The file that this was read from."""
        return self.folder / MANIFEST_FILE if self.folder else _FOLDER / (self.name + ".yml")


_FIELDS = {one.name: one for one in dataclasses.fields(Manifest)}
_NOT_IN_FILES = ("name", "folder")
_ONLY_IN_ZOO = ("aliases", "second_source")  # the latter runs commands and writes files
_MODEL_TYPES = {one.name: one for one in dataclasses.fields(Config)}["model_type"].metadata["choices"]
_EXPECTED = {
    "input_size_px": "[height, width] or {short_side: 600, long_side: 1024}, in pixels",
    "archive_bytes": "a whole number of at least 1",
    "anchors": "a whole number of at least 1",
}


def names() -> List[str]:
    """Names of all models of the zoo."""
    return sorted(path.stem for path in _FOLDER.glob("*.yml"))


def same_model(name: str) -> Tuple[str, ...]:
    """All names of a model of the zoo, the main one first; empty for any other name."""
    for main in names():
        # most files need not be understood to see that they are of another model
        if name == main or name in _text(_FOLDER / (main + ".yml")):
            known = _names_of(main)
            if name in known:
                return known
    return ()


def load_manifest(name: str) -> Manifest:
    """The manifest of a model of the zoo, by any of its names.

    Raises:
        ModelError: there is no model of that name.
    """
    known = same_model(name)
    if not known:
        hint = nearest(name, (one for main in names() for one in _names_of(main)))
        raise ModelError(f"{name}: not a model of the zoo{hint} (splitdet models list)")
    return _read(_FOLDER / (known[0] + ".yml"), known[0])


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the user's own model in `folder`.

    Raises:
        ModelError: one line with file, key and what is allowed.
    """
    name = Path(os.path.abspath(str(folder))).name  # the name of the folder `.`, too
    manifest = _read(folder / MANIFEST_FILE, name, _ONLY_IN_ZOO)
    manifest = dataclasses.replace(manifest, folder=folder)
    label_path(manifest)
    return manifest


def label_path(manifest: Optional[Manifest]) -> str:
    """What `load_labels` takes for the labels of a manifest; empty where it names none.

    Raises:
        ModelError: neither a file beside the manifest nor the name of a map that is shipped.
    """
    if manifest is None or not manifest.labels:
        return ""
    if manifest.folder and (manifest.folder / manifest.labels).is_file():
        return str(manifest.folder / manifest.labels)
    ours = shipped_map(manifest.labels)
    if ours is None:
        hint = suggestion(manifest.labels)
        raise ModelError(f"{manifest.file}: labels: {manifest.labels}: no such file{hint}")
    return str(ours)


@lru_cache(maxsize=None)
def _names_of(name: str) -> Tuple[str, ...]:
    """The name of a model of the zoo and, behind it, its aliases."""
    return (name, *_read(_FOLDER / (name + ".yml"), name).aliases)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ModelError(f"{file}: {error.strerror}") from None


def _read(file: Path, name: str, refused: Iterable[str] = ()) -> Manifest:
    content = _content(file)
    known = [key for key in _FIELDS if key not in (*_NOT_IN_FILES, *refused)]
    for key in content:
        if key not in known:
            raise ModelError(f"{file}: unknown key {key!r}{nearest(str(key), known)}")
    # a key with nothing behind it is as good as left out
    values = {key: _adapted(file, key, value) for key, value in content.items() if value is not None}
    try:
        return dacite.from_dict(Manifest, {**values, "name": name}, dacite.Config(strict=True))
    except dacite.DaciteFieldError as error:
        key = str(error.field_path).partition(".")[0]
        raise _wrong(file, key, content.get(key)) from None


def _content(file: Path) -> Dict[Any, Any]:
    try:
        content = yaml.safe_load(_text(file))
    except UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        raise ModelError(f"{where}: not YAML; expects lines of the form 'key: value'") from None
    if not isinstance(content, (dict, type(None))):
        raise ModelError(f"{file}: expects lines of the form 'key: value'")
    return content or {}


def _adapted(file: Path, key: str, value: Any) -> Any:
    """The value as its field wants it; ModelError where that is more than a matter of its type."""
    if isinstance(value, bool):  # to Python, True is the number 1
        raise _wrong(file, key, value)
    if isinstance(value, int) and value < 1:
        raise _wrong(file, key, value)
    if not isinstance(value, str):
        return _size(file, value) if key == "input_size_px" else value
    if key == "model_type":
        value = value.lower()
        if value not in _MODEL_TYPES:
            choices = ", ".join(_MODEL_TYPES)
            hint = nearest(value, _MODEL_TYPES)
            raise ModelError(f"{file}: model_type: expects one of {choices}; got {value!r}{hint}")
    elif key in ("graph", "labels") and not _is_inside(value):
        raise ModelError(f"{file}: {key}: expects a file in this folder, got {value!r}")
    elif key == "url" and not re.match(r"https?://[^/\s]+/\S*$", value):
        raise ModelError(f"{file}: url: expects https://.., got {value!r}")
    elif key == "hash" and not _is_hash(value):
        raise ModelError(f"{file}: hash: expects sha256: and 64 hexadecimal digits, got {value!r}")
    return value


def _size(file: Path, value: Any) -> Any:
    sides = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(sides, list) or not all(type(side) is int and side >= 1 for side in sides):
        raise _wrong(file, "input_size_px", value)
    return tuple(value) if isinstance(value, list) else value


def _is_inside(path: str) -> bool:
    """Whether a path stays in its folder, on every system."""
    parts = PurePosixPath(path), PureWindowsPath(path)
    return not any(one.anchor or ".." in one.parts for one in parts)


def _is_hash(text: str) -> bool:
    algorithm, _, digits = text.partition(":")
    return len(digits) == _DIGITS.get(algorithm) and bool(re.match(r"[0-9a-fA-F]+$", digits))


def _wrong(file: Path, key: str, value: Any) -> ModelError:
    return ModelError(f"{file}: {key}: expects {_EXPECTED.get(key, 'text')}, got {value!r}")


def nearest(name: str, known: Iterable[str]) -> str:
    """What was meant, for the end of a message; empty where nothing is near."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
