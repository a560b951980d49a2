"""A run so small that it takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from splitdet.compat import version

TINY = {"width": 0.1, "size_px": 64, "batch": 4, "epochs": 4, "evaluate_epochs": 2, "views": 2}


@pytest.fixture(autouse=True)
def _needs_tensorflow_2() -> Iterator[None]:
    if version().startswith("1."):
        pytest.skip("training needs TensorFlow 2")
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)  # a few steps are faster than a graph of them
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def tiny_run(tmp_path: Path) -> Callable[..., Any]:
    """Makes a run on a few pictures of shapes: `tiny_run(folder name, key=value)`."""

    def make(name: str, **settings: Any) -> Any:
        from splitdet.train.architecture import Architecture
        from splitdet.train.learner import Learner
        from splitdet.train.loop import Pictures, Run
        from splitdet.train.settings import checked
        from splitdet.train.shapes import draw_shapes
        from splitdet.train.weights import random_weights

        chosen = checked({**TINY, "frozen_blocks": 13, **settings}, "test")
        samples, labels = draw_shapes("shapes:10")
        architecture = Architecture(len(labels), chosen.size_px, chosen.width)
        weights = random_weights(architecture, chosen.seed)
        learner = Learner(architecture, weights, chosen.frozen_blocks, chosen.mixed_precision)
        pictures = Pictures(samples[:8], samples[8:])
        return Run(learner, pictures, labels, chosen, tmp_path / name)

    return make
