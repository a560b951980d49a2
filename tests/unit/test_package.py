"""The package as a whole: its public names, and what importing it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

import splitdet

LIBRARY = Path(splitdet.__file__).resolve().parents[1]
HEAVY = ["tensorflow", "tensorflow_core", "cv2", "numpy", "yaml", "google.protobuf"]


def _loaded(statement: str) -> List[str]:
    """The heavy modules that a fresh interpreter has after `statement`."""
    code = f"{statement}; import json, sys; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    output = subprocess.check_output(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(LIBRARY)}
    )
    return list(json.loads(output))


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert _loaded("import splitdet") == []


@pytest.mark.parametrize(
    "module", ["splitdet.config", "splitdet.labels", "splitdet.graph.load", "splitdet.detector"]
)
def test_tensorflow_is_not_loaded_before_it_is_needed(module: str) -> None:
    assert {"tensorflow", "tensorflow_core"}.isdisjoint(_loaded(f"import {module}"))


@pytest.mark.parametrize("name", splitdet.__all__)
def test_a_public_name_can_be_had(name: str) -> None:
    assert getattr(splitdet, name).__name__ == name


@pytest.mark.parametrize("name", splitdet.__all__)
def test_a_public_name_tells_what_it_is(name: str) -> None:
    assert getattr(splitdet, name).__doc__


@pytest.mark.parametrize(
    ("folder", "unknown"),
    [("models", "engines"), ("models", "pipeline"), ("engines", "pipeline")],
)
def test_a_layer_does_not_import_what_is_above_it(folder: str, unknown: str) -> None:
    for file in (LIBRARY / "splitdet" / folder).rglob("*.py"):
        assert f"splitdet.{unknown}" not in file.read_text(encoding="utf-8"), file


def test_public_names_can_be_listed() -> None:
    assert dir(splitdet) == sorted(splitdet.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'splitdet' has no attribute 'nothing'"):
        splitdet.nothing  # noqa: B018


def test_types_are_announced_to_type_checkers() -> None:
    assert (LIBRARY / "splitdet" / "py.typed").is_file()
