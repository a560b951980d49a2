"""All settings of a training run, with meaning and range."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Optional

import dacite
import yaml

from splitdet.config.load import UNREADABLE
from splitdet.errors import ConfigError
from splitdet.train.architecture import FIRST_MAP_BLOCK


def _key(default: Any, meaning: str, low: float = 0, high: float = 1e9) -> Any:
    return field(default=default, metadata={"meaning": meaning, "low": low, "high": high})


@dataclass(frozen=True)
class TrainSettings:
    """What a run is made of. The metadata of each field holds its meaning and its range."""

    epochs: int = _key(50, "passes over the pictures", low=1)
    batch: int = _key(8, "pictures in a step", low=1, high=1024)
    learning_rate: float = _key(0.001, "the greatest one, after warm-up", low=1e-9, high=10)
    body_rate: float = _key(
        0.5,
        "learning rate of the layers that were trained before, as a part of learning_rate; with --init "
        "random it is 1",
        high=1,
    )
    warmup_epochs: float = _key(1.0, "epochs in which the learning rate rises to its greatest")
    frozen_blocks: int = _key(
        6,
        "blocks of the backbone, from the picture on, that stay as they are; 0: all layers learn",
        high=FIRST_MAP_BLOCK,
    )
    views: int = _key(
        10,
        "augmented views of each picture, whose features are kept on disk; 0: a new view in each epoch, "
        "nothing is kept",
    )
    flip: bool = _key(True, "whether views may be mirrored left to right")
    turn: bool = _key(False, "whether views may be turned by quarters (what is seen from above)")
    validation_share: float = _key(
        0.1, "part of the pictures that is kept for validation where there is no folder for it", high=0.9
    )
    evaluate_epochs: int = _key(2, "epochs from one evaluation to the next", low=1)
    patience: int = _key(8, "evaluations without a better AP50 after which training stops; 0: never")
    sample_pictures: int = _key(4, "validation pictures drawn with each evaluation", high=64)
    mixed_precision: bool = _key(False, "compute in bfloat16 (for a GPU), keep weights in float32")
    seed: int = _key(0, "of views, order and new weights; the same seed gives the same detector")
    size_px: int = _key(300, "side of the square that pictures are stretched to", low=32, high=2048)
    width: float = _key(
        1.0, "multiplies the channels of all layers; others than 1 need --init random", 0.05, 4
    )


def load_settings(path: Optional[Path], overrides: Dict[str, Any]) -> TrainSettings:
    """Settings from a YAML file, and what the command line says on top.

    Raises:
        ConfigError: one line with the key and what is allowed.
    """
    content: Dict[str, Any] = {}
    if path is not None:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except UNREADABLE:
            content = {"": None}
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from None
        if not isinstance(content, dict) or "" in content:
            raise ConfigError(f"{path}: expects lines of the form 'key: value'")
    where = str(path or "training settings")
    return checked({**content, **overrides}, where)


def checked(values: Dict[str, Any], where: str) -> TrainSettings:
    """Settings from values of any origin.

    Raises:
        ConfigError: unknown key, wrong type or out of range.
    """
    fields = {one.name: one for one in dataclasses.fields(TrainSettings)}
    for name, value in values.items():
        if name not in fields:
            known = ", ".join(fields)
            raise ConfigError(f"{where}: unknown key {name!r}; there are: {known}")
        low, high = fields[name].metadata["low"], fields[name].metadata["high"]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and not low <= value <= high:
            raise ConfigError(f"{where}: {name}: expects {low:g} to {high:g}, got {value}")
        if number and fields[name].type == "float":
            values = {**values, name: float(value)}
    try:
        return dacite.from_dict(TrainSettings, values)
    except dacite.WrongTypeError as error:
        name = str(error.field_path)
        raise ConfigError(f"{where}: {name}: expects {fields[name].type}, got {error.value!r}") from None
