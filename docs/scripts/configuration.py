"""The page on configuration, from lib/splitdet/config."""

from __future__ import annotations

import dataclasses
from typing import Any, List

import yaml

from splitdet.config import Config
from splitdet.config.load import expected
from splitdet.config.schema import ALIASES, GROUPS

_HEAD = """\
# Configuration

Written by `docs/scripts/pages.py` from the [code](../lib/splitdet/config/schema.py); change it there.

Settings come from four places. Each beats those below it:

| | |
|---|---|
| a flag of the command line | `--model NAME`, `--no-split`, .. |
| `--set key=value` | may be repeated; `--set camera.kind=csi` for a key of a section |
| the environment | `SPLITDET_DET_TH=0.3`, `SPLITDET_CAMERA_KIND=csi` |
| `config.yml` in the working directory, or `--config FILE` | keys that are left out keep their default |

```sh
splitdet init settings.yml                                # writes a file with all keys and their meaning
splitdet run street.mp4 none --config settings.yml --set det_th=0.3
splitdet run street.mp4 --set det_th=0.3 --print-config   # what a run would take
```

An unknown key, a value of the wrong type or out of range ends the run before it begins, with exit
code 2 and one line that says where it was set. Values of `--set` and of the environment are YAML,
but where a key takes text, they are taken as they are, less one pair of quotes around them:
`--set 'event_log=door #1.jsonl'`. In Python, keys are keyword arguments: `Detector(model, det_th=0.3)`.
"""


def configuration_page() -> str:
    """Every key with its default, what it takes and what it means."""
    parts = [_HEAD]
    defaults = Config()
    for group, heading in GROUPS.items():
        own: List[str] = []
        sections: List[str] = []
        for field in dataclasses.fields(Config):
            if field.metadata["group"] != group:
                continue
            value = getattr(defaults, field.name)
            if dataclasses.is_dataclass(value):
                rows = [_row(f"{field.name}.{key.name}", key) for key in dataclasses.fields(value)]
                meaning = _sentence(field.metadata["meaning"])
                sections.append(f"\n### {field.name}\n\n{meaning}\n\n" + _table(rows))
            else:
                own.append(_row(field.name, field))
        parts.append(f"\n## {heading}\n\n" + _table(own) + "".join(sections))
    parts.append("\n## Other names\n\nFiles of older programs may say\n\n")
    parts += [f"- `{other}` for `{name}`\n" for other, name in ALIASES.items()]
    return "".join(parts)


def _table(rows: List[str]) -> str:
    return "| key | default | takes | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _row(name: str, field: dataclasses.Field[Any]) -> str:
    default = yaml.safe_dump(field.default, default_flow_style=True).replace("\n...", "").strip()
    cells = (f"`{name}`", f"`{default}`", expected(name), field.metadata["meaning"])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
