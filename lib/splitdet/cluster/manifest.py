"""What the results in a folder were made of, so that a run is only gone on with if it is the same."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Dict, Sequence

from splitdet import __version__
from splitdet.cluster.inputs import Kind
from splitdet.config import Config
from splitdet.engines.cache import key_of
from splitdet.errors import ConfigError
from splitdet.files import PARTIAL_SUFFIX, write_whole
from splitdet.zoo.find import find_model

FILE = "manifest.json"
_GROUPS = ("model", "run", "report")
NO_MATTER = frozenset(
    [
        *("device", "devices", "accelerator_feeders", "cpu_feeders", "batch_timeout_ms", "in_flight"),
        *("engine_cores",),
        *("worker_threads", "latency", "stall_timeout_s", "allow_memory_growth", "log_device"),
        *("force_gpu_compatible", "fps_interval", "det_interval", "debug_mode"),
        *("cluster.workers", "cluster.cpus", "cluster.gpus"),
    ]
)
"""Keys that change how fast something is found, and not what."""


def manifest_of(config: Config, specs: Sequence[str]) -> Dict[str, Any]:
    """What a run of these inputs is made of.

    Raises:
        ModelError: there is no such model.
    """
    settings = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.metadata["group"] in _GROUPS
    }
    settings["json_box_px"] = config.json_box_px
    for section in ("cluster", "playback"):
        values = dataclasses.asdict(getattr(config, section))
        settings.update({f"{section}.{name}": value for name, value in values.items()})
    settings.pop("cluster")
    kept = {name: value for name, value in sorted(settings.items()) if name not in NO_MATTER}
    made_of = {
        "splitdet": __version__,
        "inputs": list(specs),
        "model": model_digest(config),
        "settings": kept,
    }
    as_read: Dict[str, Any] = json.loads(json.dumps(made_of))  # lists in place of tuples
    return as_read


def model_digest(config: Config) -> str:
    """Of the model's file on this machine."""
    return key_of(find_model(config.model_path).read_bytes())


def settle(folder: Path, manifest: Dict[str, Any]) -> None:
    """Write the manifest into a folder, or see that it is the one of the results that lie there.

    Raises:
        ConfigError: these were made of something else.
    """
    file = folder / FILE
    results = [path for kind in Kind for path in folder.glob(f"{kind.value}-*")]
    has_results = any(path.suffix != PARTIAL_SUFFIX for path in results)
    if not (file.exists() and has_results):
        write_whole(file, (json.dumps(manifest, indent=2) + "\n").encode("ascii"))
        return
    there = _flat(read_manifest(folder))
    wanted = _flat(manifest)
    for name in [*wanted, *there]:
        if there.get(name) != wanted.get(name):
            raise ConfigError(
                f"{folder}: was made with {name} {_short(there.get(name))}, and not "
                f"{_short(wanted.get(name))}; go on with the same, or write to another folder"
            )


def read_manifest(folder: Path) -> Dict[str, Any]:
    """The manifest in a folder.

    Raises:
        ConfigError: none is there, or it is damaged.
    """
    file = folder / FILE
    try:
        manifest = json.loads(file.read_text(encoding="ascii"))
        _flat(manifest)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ConfigError(f"{file}: damaged; write to another folder") from None
    return dict(manifest)


def _flat(manifest: Dict[str, Any]) -> Dict[str, Any]:
    """Settings beside the rest."""
    rest = {name: value for name, value in manifest.items() if name != "settings"}
    return {**rest, **manifest["settings"]}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:28] + ".." + text[-28:]


def run_digest(folder: Path) -> str:
    """Of the manifest in a folder, as this machine sees it; empty where there is none."""
    try:
        return key_of((folder / FILE).read_bytes())
    except OSError:
        return ""
