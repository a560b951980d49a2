"""`splitdet inspect`: what a frozen graph is, and where it would be cut."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, List, Tuple

from splitdet.models.base import Model
from splitdet.models.boxes import BoxModel
from splitdet.open_model import open_model
from splitdet.zoo.find import find_model


def add_commands(commands: Any) -> None:
    """Add `inspect` to the command line."""
    parser = commands.add_parser("inspect", help="tell what a frozen graph is, and where to cut it")
    parser.add_argument("file", metavar="FILE.pb", help="a frozen graph, or a name under models/")
    parser.set_defaults(work=_inspect)


def _inspect(options: argparse.Namespace) -> int:
    path = find_model(options.file)
    print(describe(path, open_model(path)))
    return 0


def describe(path: Path, model: Model) -> str:
    """Family, cut, sizes and the lines for config.yml."""
    parts = model.parts
    size = model.input_size_px
    rows: List[Tuple[str, str]] = [
        ("file", str(path)),
        ("family", model.type_name),
        ("input", str(parts.image)),
        ("network input", str(parts.network_input)),
        ("input size", "{}x{} (height x width)".format(*size) if size else "depends on the frame"),
        ("classes", str(model.classes or "not known")),
    ]
    if isinstance(model, BoxModel):
        what = "proposals" if model.anchors is None else "anchors"
        rows.append((what, str(model.candidates or "depends on the frame")))
    rows += [("cut: " + port.role, str(port)) for port in parts.cut]
    rows += [("result", str(port)) for port in parts.results]
    rows += [
        ("nodes", f"{len(parts.graph)} in all"),
    ]
    if parts.cut:
        rows += [
            ("nodes", f"{len(parts.accelerator().graph_def.node)} in the accelerator part"),
            ("nodes", f"{len(parts.cpu().graph_def.node)} in the CPU part"),
        ]
    text = "\n".join("{:<14} {}".format(*row) for row in rows)
    config = [f"model_path: {str(path)!r}", f"model_type: {model.type_name}"]
    if model.classes and parts.cut:
        config.append(f"num_classes: {model.classes}")
    if model.anchors:
        config.append(f"split_shape: {model.anchors}")
    return text + "\n\nconfig.yml:\n" + "\n".join(config)
