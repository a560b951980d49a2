"""Settings as a config.yml with a comment for every key."""

from __future__ import annotations

import dataclasses
from typing import Any

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
            if field.metadata["group"] != group:
                continue
            meaning = field.metadata["meaning"]
            choices = field.metadata["choices"]
            if choices:
                meaning += " ({})".format(", ".join(choices))
            lines.append(f"\n# {_wrapped(meaning)}\n{_line(field.name, getattr(config, field.name))}\n")
    return "".join(lines)


def _line(name: str, value: Any) -> str:
    if isinstance(value, tuple) and any(map(dataclasses.is_dataclass, value)):
        sections = [dataclasses.asdict(section) for section in value]
        return str(yaml.safe_dump({name: sections}, sort_keys=False, default_flow_style=None)).strip()
    if isinstance(value, tuple):  # on the line of its key, as people write it
        return f"{name}: {yaml.safe_dump(value, default_flow_style=True, width=1000).strip()}"
    return str(yaml.safe_dump({name: value})).strip()


def _wrapped(text: str, width: int = 96) -> str:
    rows = [""]
    for word in text.split():
        if len(rows[-1]) + len(word) + 1 > width:
            rows.append("")
        rows[-1] += (" " if rows[-1] else "") + word
    return "\n# ".join(rows)
