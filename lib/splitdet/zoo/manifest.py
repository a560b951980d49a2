"""What is known of each model of the zoo: one file for each, in `manifests/`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional

import dacite
import yaml

from splitdet.errors import ModelError

_FOLDER = Path(__file__).with_name("manifests")


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
class Manifest:
    """A model of the zoo."""

    name: str
    url: str
    """Its archive, a .tar.gz with frozen_inference_graph.pb in it."""
    model_type: str
    labels: str
    hash: Optional[str] = None
    """`algorithm:hex` of the archive; None where nobody has published one."""
    archive_bytes: Optional[int] = None
    second_source: Optional[NpmSource] = field(default=None)


def names() -> List[str]:
    """Names of all models of the zoo."""
    return sorted(path.stem for path in _FOLDER.glob("*.yml"))


def load_manifest(name: str) -> Manifest:
    """The manifest of a model.

    Raises:
        ModelError: there is no model of that name.
    """
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ModelError(f"{name}: not a model of the zoo{hint} (splitdet models list)")
    content = yaml.safe_load((_FOLDER / (name + ".yml")).read_text(encoding="utf-8"))
    return dacite.from_dict(Manifest, {"name": name, **content}, dacite.Config(strict=True))
