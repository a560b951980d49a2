"""`splitdet export`: what `splitdet train` found, as a file that runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from splitdet.errors import EXIT_OK, ConfigError

FROZEN, JETSON = "frozen-graph", "jetson-inference"
SCORE_THRESHOLD = 0.01


def add_commands(commands: Any) -> None:
    """Add `export` to the command line."""
    parser = commands.add_parser("export", help="write a trained detector as a frozen graph or ONNX")
    parser.add_argument("run", metavar="RUN", help="folder of a training run, or a checkpoint in it")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="such as models/cards")
    parser.add_argument(
        "--format", choices=(FROZEN, JETSON), default=FROZEN, help="kind of file (%(default)s)"
    )
    parser.add_argument(
        "--score-threshold",
        type=float,
        default=SCORE_THRESHOLD,
        metavar="S",
        help="scores that are dropped inside a frozen graph (%(default)s)",
    )
    parser.set_defaults(work=_export)


def _export(options: argparse.Namespace) -> int:
    from splitdet.labels import Labels
    from splitdet.train.architecture import Architecture
    from splitdet.train.checkpoint import BEST, load_checkpoint
    from splitdet.train.export import export_model
    from splitdet.train.jetson import export_jetson
    from splitdet.train.normalise import folded
    from splitdet.train.settings import checked

    if not 0 <= options.score_threshold < 1:
        raise ConfigError(f"--score-threshold: expects 0 to 1, got {options.score_threshold}")
    path = Path(options.run)
    path = path / BEST if path.is_dir() else path
    checkpoint = load_checkpoint(path)
    settings = checked(checkpoint.settings, str(path))
    labels = Labels(dict(enumerate(checkpoint.classes, start=1)))
    architecture = Architecture(len(labels), settings.size_px, settings.width)
    weights = folded(architecture, checkpoint.weights)
    folder = Path(options.out)
    if options.format == JETSON:
        file = export_jetson(folder, architecture, weights, labels)
    else:
        progress = checkpoint.progress
        notes = {
            "trained by splitdet": f"for {progress.epoch} epochs",
            "AP50": f"{progress.best_ap50:.4f} on its validation pictures",
            "seed": settings.seed,
        }
        file = export_model(folder, architecture, weights, labels, notes, options.score_threshold)
    print(file)
    return EXIT_OK
