"""Settings as a config.yml with a comment for every key."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any, List

import yaml

from splitdet.config.schema import GROUPS, Config

_HEAD = """\
# Settings of splitdet. The command line (--set key=value) beats the environment
# (SPLITDET_KEY=value), which beats this file. Keys that are left out keep the values shown here.
"""


def as_yaml(config: Config) -> str:
    """The text of a config.yml with these settings."""
    lines = [_HEAD]
    for group, heading in GROUPS.items():
        lines.append(f"\n# {heading}\n")
        for field in dataclasses.fields(config):
            if field.metadata["group"] == group:
                lines.append("\n" + _entry(field, getattr(config, field.name)))
    return "".join(lines)


def _entry(field: dataclasses.Field[Any], value: Any, indent: str = "") -> str:
    """A key, or a section with its keys, under the comment that tells what it is."""
    meaning = field.metadata["meaning"]
    choices = field.metadata.get("choices")
    if choices:
        meaning += " ({})".format(", ".join(choices))
    comment = "".join(f"{indent}# {row}\n" for row in _wrapped(meaning, 96 - len(indent)))
    if dataclasses.is_dataclass(value):
        inner = [
            _entry(key, getattr(value, key.name), indent + "  ") for key in dataclasses.fields(value)
        ]
        return f"{comment}{indent}{field.name}:\n" + "\n".join(inner)
    return comment + textwrap.indent(_line(field.name, value), indent) + "\n"


def _line(name: str, value: Any) -> str:
    if isinstance(value, tuple) and any(map(dataclasses.is_dataclass, value)):
        rules = [dataclasses.asdict(rule) for rule in value]
        return str(yaml.safe_dump({name: rules}, sort_keys=False, default_flow_style=None)).strip()
    if isinstance(value, tuple):  # on the line of its key, as people write it
        return f"{name}: {yaml.safe_dump(value, default_flow_style=True, width=1000).strip()}"
    return str(yaml.safe_dump({name: value})).strip()


def _wrapped(text: str, width: int) -> List[str]:
    """The rows of a comment."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
