"""How a model can be measured: by which engines, split or not."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from splitdet.engines.choose import installed_engines
from splitdet.loading import load_model
from splitdet.models.base import Model
from splitdet.zoo.find import find_model

_RUN_UNSPLIT = ("tensorflow", "tensorrt")
"""Engines that run a graph with a cut without cutting it; `auto` would be TensorFlow there."""


def subject(
    name: str, engines: Optional[Sequence[str]], splits: Optional[Sequence[str]]
) -> Tuple[str, List[Tuple[str, bool]]]:
    """A model with what was asked for, or with all that makes sense for it.

    Args:
        engines: None for TensorFlow, and for what `auto` takes where that may be another.
        splits: `yes` and `no`; None for both. A model that has no cut, or whose NMS is not in its file,
            leaves no choice.

    Returns:
        its name, and engines, each with whether it is to be split.

    Raises:
        ModelError: no such model.
    """
    model = load_model(find_model(name))
    ways = [
        (engine, split)
        for engine in engines or _engines(model)
        for split in _splits(model, splits or ("yes", "no"))
        if split or not model.parts.cut or engine in _RUN_UNSPLIT
    ]
    return name, ways


def _engines(model: Model) -> List[str]:
    if not model.parts.results:
        return ["auto"]
    has_choice = bool(model.parts.cut) or not model.parts.cpu_scopes
    others = len(installed_engines(model.parts.file_format)) > 1
    return ["tensorflow", "auto"] if has_choice and others else ["tensorflow"]


def _splits(model: Model, asked: Sequence[str]) -> List[bool]:
    if not model.parts.cut:
        return [False]
    return [word == "yes" for word in asked] if model.parts.results else [True]
