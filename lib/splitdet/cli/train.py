"""`splitdet train`: a detector of your own, from labelled pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Dict, List, Tuple

from splitdet.config.schema import DEFAULT_MODEL
from splitdet.errors import EXIT_OK, ConfigError, DataError, TrainError

RANDOM = "random"
_MEASURED_PICTURES = 32
"""For the means and variances that normalisation begins with."""


def add_commands(commands: Any) -> None:
    """Add `train` to the command line."""
    parser = commands.add_parser("train", help="train a detector on labelled pictures")
    parser.add_argument("data", metavar="FOLDER", help="labelled pictures, or shapes:COUNT")
    parser.add_argument("--out", default="training", help="folder of the run (%(default)s)")
    parser.add_argument("--val", default="", help="folder of validation pictures; else a part of FOLDER")
    parser.add_argument("--test", default="", help="folder to judge the best detector by, at the end")
    parser.add_argument(
        "--init",
        default=DEFAULT_MODEL,
        help=f"an SSDLite MobileNet v2 to start from, or {RANDOM} (%(default)s)",
    )
    parser.add_argument("--settings", default="", metavar="FILE", help="a YAML file of settings")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting; may be repeated"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    parser.set_defaults(work=_train)


def _train(options: argparse.Namespace) -> int:
    from splitdet.train.checkpoint import BEST, LAST, load_checkpoint
    from splitdet.train.loop import Run
    from splitdet.train.settings import load_settings

    file = Path(options.settings) if options.settings else None
    settings = load_settings(file, _overrides(options.set))
    folder = Path(options.out)
    if not options.resume and any((folder / name).exists() for name in (LAST, BEST)):
        raise TrainError(
            f"{folder} holds a run: --resume goes on with it, --out another folder begins anew"
        )
    pictures, test, labels = _pictures(options, settings)
    print(
        "{} pictures to learn from, {} to validate with, {} classes: {}".format(
            len(pictures.train), len(pictures.validation), len(labels), ", ".join(labels.names.values())
        ),
        flush=True,
    )
    learner = _learner(options.init, settings, len(labels), pictures.train)
    run = Run(learner, pictures, labels, settings, folder)
    if options.resume:
        run.resume()
    progress = run.train()
    print(f"best AP50 {progress.best_ap50:.4f} in epoch {progress.best_epoch}: {folder / BEST}")
    if test:
        learner.restore_weights(load_checkpoint(folder / BEST).weights)
        _report(learner, test, labels, settings.batch)
    return EXIT_OK


def _overrides(texts: List[str]) -> Dict[str, Any]:
    from splitdet.config.load import parsed

    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set {text}: expects KEY=VALUE")
        found[name] = parsed(value, f"--set {text}")
    return found


def _pictures(options: argparse.Namespace, settings: Any) -> Tuple[Any, Any, Any]:
    """What to learn from and to validate with; what to judge by in the end; and the labels."""
    import numpy as np

    from splitdet.train.loop import Pictures
    from splitdet.train.open import class_names, read_samples

    samples, labels = read_samples(options.data)
    parts: Dict[str, Any] = {}
    for part, folder in (("val", options.val), ("test", options.test)):
        parts[part] = [sample for sample in samples if sample.part == part]
        if folder:
            parts[part] = read_samples(folder, class_names(labels))[0]
    train = [sample for sample in samples if sample.part not in parts] or samples
    validation = parts["val"] if train is not samples or options.val else []
    if not validation:
        order = np.random.RandomState(settings.seed).permutation(len(train))
        kept = max(1, round(len(train) * settings.validation_share))
        validation = [train[index] for index in sorted(order[:kept])]
        train = [train[index] for index in sorted(order[kept:])]
    if not train:
        raise ConfigError(f"{options.data}: one picture is not enough to learn and to validate with")
    if not any(len(sample.classes) for sample in train):
        raise DataError(
            f"{options.data}: none of the {len(train)} pictures to learn from has a box; put boxes "
            "around their objects first, or name the folder that has the annotations, too"
        )
    return Pictures(train, validation), parts["test"], labels


def _learner(init: str, settings: Any, classes: int, samples: Any) -> Any:
    from splitdet.train.architecture import Architecture
    from splitdet.train.features import as_input
    from splitdet.train.learner import Learner, tensorflow_2
    from splitdet.train.normalise import normalised
    from splitdet.train.weights import from_frozen_graph, random_weights
    from splitdet.zoo.find import find_model

    architecture = Architecture(classes, settings.size_px, settings.width)
    is_new = init == RANDOM
    if is_new:
        weights = random_weights(architecture, settings.seed)
    else:
        weights = from_frozen_graph(find_model(init), architecture, settings.seed)
    pictures = [sample.pixels() for sample in samples[:: 1 + len(samples) // _MEASURED_PICTURES]]
    learning = normalised(
        tensorflow_2(),
        architecture,
        weights,
        as_input(pictures, settings.size_px),
        settings.frozen_blocks,
        fresh=is_new,
    )
    return Learner(
        architecture,
        learning,
        settings.frozen_blocks,
        settings.mixed_precision,
        1.0 if is_new else settings.body_rate,
    )


def _report(learner: Any, samples: Any, labels: Any, batch: int) -> None:
    """AP50 of each class, on pictures that took no part."""
    from splitdet.train.loop import detect_all
    from splitdet.train.score import average_precisions, mean_precision

    scores = average_precisions(samples, detect_all(learner, samples, batch))
    for number, score in scores.items():
        print(f"{labels[number]:<20} AP50 {score:.4f}")
    objects = "" if scores else ", none of them with an object"
    print(f"{'mean':<20} AP50 {mean_precision(scores):.4f} on {len(samples)} pictures{objects}")
