"""The rules under `events` in config.yml: from what a user wrote to a tuple of `Rule`."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass
from typing import Any, Dict, Tuple, Union

import dacite

from splitdet.config.lists import Point, as_classes, as_polygon
from splitdet.errors import ConfigError

LONGEST_S = 86400.0  # a day


@dataclass(frozen=True)
class Rule:
    """What must be seen, where and for how long, to be an event."""

    name: str
    """What the event is called; no two rules share one."""
    classes: Tuple[Union[int, str], ...] = ()
    """Names of the label map, or its ids; empty: all. `class` in the file."""
    zone: Tuple[Point, ...] = ()
    """Corners (x, y), each 0..1 of the frame's width or height; empty: all of the frame."""
    min_s: float = 0.0
    """How long it must last; seconds."""
    gap_s: float = 0.5
    """How long it may be out of sight without starting again; seconds."""
    cooldown_s: float = 10.0
    """How long the rule is silent after an event; seconds."""


_NAMES = {"class": "classes", **{field.name: field.name for field in dataclasses.fields(Rule)}}
_READERS = {
    "classes": (as_classes, "names or ids of classes, such as person or [person, car]"),
    "zone": (as_polygon, "three or more corners [x, y], each 0..1 and not all on one line"),
}


def as_rules(value: Any) -> Tuple[Rule, ...]:
    """A list of rules, each as a mapping or a `Rule`.

    Raises:
        ConfigError: one line with the rule, the key and what is allowed.
        ValueError: not a list.
    """
    if not isinstance(value, (list, tuple)):
        raise ValueError
    rules = tuple(_rule(item, f"rule {number}") for number, item in enumerate(value, 1))
    for number, rule in enumerate(rules):
        if rule.name in [other.name for other in rules[:number]]:
            raise ConfigError(f"two rules have the name {rule.name!r}")
    return rules


def _rule(item: Any, where: str) -> Rule:
    if isinstance(item, Rule):
        item = dataclasses.asdict(item)
    if not isinstance(item, dict):
        raise ConfigError(f"{where}: expects lines of the form 'key: value', got {item!r}")
    values: Dict[str, Any] = {}
    for key, value in item.items():
        name = _NAMES.get(key)
        if name is None:
            close = difflib.get_close_matches(str(key), _NAMES, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ConfigError(f"{where}: unknown key {key!r}{hint}")
        if name in values:
            raise ConfigError(f"{where}: class and classes say the same thing twice; leave one out")
        values[name] = _read(name, value, f"{where}: {key}")
    if not values.get("name"):
        raise ConfigError(f"{where}: expects a name")
    try:
        return dacite.from_dict(Rule, values, dacite.Config(strict=True))
    except dacite.WrongTypeError as error:
        raise ConfigError(f"{where}: {error.field_path}: expects text, got {error.value!r}") from None


def _read(name: str, value: Any, where: str) -> Any:
    """The value as the rule has it."""
    if name in _READERS:
        reader, expected = _READERS[name]
        try:
            return reader(value)
        except (TypeError, ValueError, OverflowError):
            raise ConfigError(f"{where}: expects {expected}, got {value!r}") from None
    if not name.endswith("_s"):
        return value
    try:
        seconds = -1.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if not 0.0 <= seconds <= LONGEST_S:
        raise ConfigError(f"{where}: expects a number from 0 to {LONGEST_S:g}, got {value!r}")
    return seconds
