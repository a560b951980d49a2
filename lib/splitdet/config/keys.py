"""How keys of config.yml are declared: default, meaning and range. A dataclass is a section of keys."""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import Any, Callable, Dict, Optional, Sequence, get_type_hints


def about(
    meaning: str,
    group: str = "",
    choices: Sequence[str] = (),
    low: Optional[float] = None,
    high: Optional[float] = None,
    read: Optional[Callable[[Any], Any]] = None,
    expects: str = "",
) -> Dict[str, Any]:
    """What a key is, as the metadata of its field.

    Args:
        meaning: what config.yml says above it.
        group: heading of config.yml that it stands under; none inside a section.
        choices: the words that are allowed, beside the numbers of a range if it has one.
        low, high: the range of a number.
        read: makes the value of what was written, or raises for want of what it `expects`.
    """
    metadata = {"meaning": meaning, "group": group, "choices": choices, "low": low, "high": high}
    return {**metadata, "read": read, "expects": expects}


def key(default: Any, *args: Any, **more: Any) -> Any:
    """The field of a key with a plain value; see `about`."""
    return field(default=default, metadata=about(*args, **more))


def all_keys(config: Any) -> Dict[str, dataclasses.Field[Any]]:
    """Every key that takes a value, those of sections as `section.key`; the field of each."""
    found: Dict[str, dataclasses.Field[Any]] = {}
    for name, part in sections(config).items():
        found.update({f"{name}.{inner}": field for inner, field in all_keys(part).items()})
    for one in dataclasses.fields(config):
        if one.name not in sections(config):
            found[one.name] = one
    return found


def sections(config: Any) -> Dict[str, Any]:
    """The dataclass of each section of `config`, by its name."""
    hints = get_type_hints(config)
    return {name: hint for name, hint in hints.items() if dataclasses.is_dataclass(hint)}
