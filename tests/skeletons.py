"""The genuine graphs of the zoo, with random weights (mark the test `zoo`)."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from places import SHARED

SKELETONS = SHARED / "zoo" / "skeletons"


@lru_cache(maxsize=None)
def _zoo() -> Any:
    """The zoo's own module, which fills its skeletons in."""
    spec = spec_from_file_location("skeleton", str(SHARED / "zoo" / "skeleton.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fill(name: str, path: Path) -> Path:
    """Write the graph of a skeleton to `path`; gives that."""
    zoo = _zoo()
    zoo.write(zoo.rehydrate(zoo.read(str(SKELETONS / f"{name}.pb.xz"))), str(path))
    return path
