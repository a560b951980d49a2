"""A run so small that it takes a second or two."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from splitdet.compat import version

TINY = {"width": 0.1, "size_px": 64, "batch": 8, "epochs": 2, "evaluate_epochs": 2, "views": 2}


@pytest.fixture(scope="module")
def tensorflow_2() -> Iterator[None]:
    """Training needs it."""
    if version().startswith("1."):
        pytest.skip("training needs TensorFlow 2")
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)  # a few steps are faster than a graph of them
    yield
    tf.config.run_functions_eagerly(False)


def make_run(folder: Path, **settings: Any) -> Any:
    """A run on a few pictures of shapes, one step an epoch."""
    from splitdet.train.architecture import Architecture
    from splitdet.train.features import as_input
    from splitdet.train.learner import Learner, tensorflow_2
    from splitdet.train.loop import Pictures, Run
    from splitdet.train.normalise import normalised
    from splitdet.train.settings import checked
    from splitdet.train.shapes import draw_shapes
    from splitdet.train.weights import random_weights

    chosen = checked({**TINY, "frozen_blocks": 13, **settings}, "test")
    samples, labels = draw_shapes("shapes:10")
    architecture = Architecture(len(labels), chosen.size_px, chosen.width)
    weights = normalised(
        tensorflow_2(),
        architecture,
        random_weights(architecture, chosen.seed),
        as_input([sample.pixels() for sample in samples], chosen.size_px),
        chosen.frozen_blocks,
        fresh=True,
    )
    learner = Learner(
        architecture, weights, chosen.frozen_blocks, chosen.mixed_precision, chosen.body_rate
    )
    return Run(learner, Pictures(samples[:8], samples[8:]), labels, chosen, folder)


@pytest.fixture
def tiny_run(tmp_path: Path) -> Callable[..., Any]:
    """Makes a run: `tiny_run(folder name, key=value)`."""
    return lambda name, **settings: make_run(tmp_path / name, **settings)


@pytest.fixture(scope="module")
def _one_epoch(tensorflow_2: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    make_run(folder).train(until_epoch=1)
    return folder


@pytest.fixture
def one_epoch(_one_epoch: Path, tmp_path: Path) -> Path:
    """The folder `run`, of a run that was ended after its first epoch."""
    return Path(shutil.copytree(str(_one_epoch), str(tmp_path / "run")))
