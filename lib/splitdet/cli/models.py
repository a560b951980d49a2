"""`splitdet models`: list, get, import. And `splitdet init`."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any, Tuple

from splitdet.config import Config
from splitdet.config.load import DEFAULT_FILE
from splitdet.config.write import as_yaml
from splitdet.errors import ConfigError, ModelError


def add_commands(commands: Any) -> None:
    """Add `models` and `init` to the command line."""
    models = commands.add_parser("models", help="list, fetch and import models")
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the models of the zoo, and those under models/")
    listing.set_defaults(work=_list)
    get = actions.add_parser("get", help="fetch a model of the zoo, or one whose manifest has a url")
    get.add_argument("name", metavar="NAME")
    get.set_defaults(work=_get)
    importer = actions.add_parser(
        "import",
        help="turn a TensorFlow.js graph model into a frozen graph",
        description="Turn a TensorFlow.js graph model, a single-shot detector or a segmenter, into a "
        "frozen graph. A detector gets the NMS that it lacks.",
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
    from splitdet.zoo.find import MODELS, own_models, shipped_models
    from splitdet.zoo.manifest import names

    rows = [("name", "type", "anchors", "size", "installed")]
    problems = []
    for folder in (*(MODELS / name for name in (*names(), *own_models())), *shipped_models()):
        try:
            rows.append(_row(folder))
        except ModelError as error:  # of one's own: the others are listed all the same
            rows.append((folder.name, "?", "?", "?", "?"))
            problems.append(str(error))
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    for problem in problems:
        print(problem, file=sys.stderr)
    return 0


def _row(folder: Path) -> Tuple[str, str, str, str, str]:
    """What the list says of a model."""
    from splitdet.zoo.find import graph_in, manifest_of
    from splitdet.zoo.manifest import Manifest, same_model

    name = folder.name
    manifest = manifest_of(folder) or Manifest(name)
    folders = [folder.with_name(known) for known in same_model(name) or (name,)]
    here = any(folder.is_dir() and graph_in(folder, manifest) for folder in folders)
    size = manifest.input_size_px
    return (
        name,
        manifest.model_type,
        str(manifest.anchors or "-"),
        "{}x{}".format(*size) if isinstance(size, tuple) else str(size or "-"),
        "yes" if here else "no",
    )


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
