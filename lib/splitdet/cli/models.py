"""`splitdet models`: list, get, import. And `splitdet init`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from splitdet.config import Config
from splitdet.config.load import DEFAULT_FILE
from splitdet.config.write import as_yaml
from splitdet.errors import ConfigError, ModelError


def add_commands(commands: Any) -> None:
    """Add `models` and `init` to the command line."""
    models = commands.add_parser("models", help="list, fetch and import models")
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the models of the zoo")
    listing.set_defaults(work=_list)
    get = actions.add_parser("get", help="fetch a model of the zoo into models/")
    get.add_argument("name", metavar="NAME")
    get.set_defaults(work=_get)
    importer = actions.add_parser(
        "import",
        help="turn a TensorFlow.js graph model into a frozen graph",
        description="Turn a TensorFlow.js single-shot detector into a frozen graph with NMS.",
    )
    importer.add_argument("file", metavar="MODEL.json", type=Path)
    importer.add_argument("--name", help="folder under models/ (default: that of the file)")
    importer.add_argument("--score-threshold", type=float, default=0.3, metavar="S")
    importer.add_argument("--iou-threshold", type=float, default=0.6, metavar="I")
    importer.add_argument("--max-detections", type=int, default=100, metavar="N")
    importer.set_defaults(work=_import)
    init = commands.add_parser("init", help="write a config.yml with all keys and their defaults")
    init.add_argument("file", metavar="FILE", nargs="?", default=DEFAULT_FILE, type=Path)
    init.set_defaults(work=_init)


def _list(options: argparse.Namespace) -> int:
    from splitdet.zoo.find import GRAPH_FILE, MODELS
    from splitdet.zoo.manifest import load_manifest, names

    width = max(len(name) for name in names())
    for name in names():
        manifest = load_manifest(name)
        here = "installed" if (MODELS / name / GRAPH_FILE).is_file() else ""
        print("{:<{}}  {:<10}  {}".format(name, width, manifest.model_type, here).rstrip())
    return 0


def _get(options: argparse.Namespace) -> int:
    from splitdet.zoo.get import get_model

    print(get_model(options.name))
    return 0


def _import(options: argparse.Namespace) -> int:
    from splitdet.zoo.find import GRAPH_FILE, MODELS
    from splitdet.zoo.get import import_tfjs

    name = options.name or options.file.resolve().parent.name
    if not re.match(r"\w[\w.-]*$", name):
        raise ModelError(f"--name {name}: expects letters, digits, dots and dashes")
    for value in (options.score_threshold, options.iou_threshold):
        if not 0.0 <= value <= 1.0:
            raise ModelError(f"{value}: a threshold is between 0 and 1")
    if not 1 <= options.max_detections <= 100000:
        raise ModelError(f"--max-detections {options.max_detections}: expects 1 to 100000")
    target = MODELS / name / GRAPH_FILE
    import_tfjs(
        options.file, target, options.score_threshold, options.iou_threshold, options.max_detections
    )
    print(target)
    return 0


def _init(options: argparse.Namespace) -> int:
    if options.file.exists():
        raise ConfigError(f"{options.file}: is there already; it is left as it is")
    options.file.write_text(as_yaml(Config()), encoding="utf-8")
    print(options.file)
    return 0
