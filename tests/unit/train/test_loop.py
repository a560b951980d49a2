"""Runs: taken up again, stopped early, gone wrong."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, Callable, List

import numpy as np
import pytest

from splitdet.errors import TrainError
from splitdet.labels import Labels

pytestmark = pytest.mark.usefixtures("tensorflow_2")


@pytest.mark.parametrize("views", [0, 2], ids=["new views", "kept views"])
def test_an_epoch_and_one_more_are_two_to_the_bit(
    tiny_run: Callable[..., Any], tmp_path: Path, views: int
) -> None:
    from splitdet.train.checkpoint import LAST, load_checkpoint

    tiny_run("at once", views=views).train()
    tiny_run("in parts", views=views).train(until_epoch=1)
    later = tiny_run("in parts", views=views)
    later.resume()
    later.train()
    at_once, in_parts = (load_checkpoint(tmp_path / name / LAST) for name in ("at once", "in parts"))
    assert at_once.progress == in_parts.progress
    assert at_once.progress.epoch == 2
    for name, array in at_once.weights.items():
        np.testing.assert_array_equal(array, in_parts.weights[name])
    for one, other in zip(at_once.optimizer, in_parts.optimizer):
        np.testing.assert_array_equal(one, other)


def test_frozen_layers_stay_and_the_others_learn(one_epoch: Path) -> None:
    from splitdet.train.architecture import Architecture
    from splitdet.train.checkpoint import LAST, load_checkpoint
    from splitdet.train.weights import random_weights

    after = load_checkpoint(one_epoch / LAST).weights
    architecture = Architecture(3, 64, 0.1)
    before = random_weights(architecture, 0)
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    learning = {layer.name for layer in architecture.layers(13)}
    assert {name.rpartition("/")[0] for name in changed} <= learning
    assert "BoxPredictor_0/ClassPredictor/weights" in changed
    assert "FeatureExtractor/MobilenetV2/expanded_conv_13/expand/weights" in changed


def test_a_run_with_other_settings_is_not_taken_up(
    tiny_run: Callable[..., Any], one_epoch: Path
) -> None:
    with pytest.raises(TrainError, match=r"learning_rate = 0\.001, not 0\.5"):
        tiny_run(one_epoch.name, learning_rate=0.5).resume()


@pytest.mark.parametrize(
    ("names", "difference"),
    [
        (["circle", "rectangle"], "3 classes, not 2"),
        (["circle", "triangle", "rectangle"], "'rectangle' as class 2, not 'triangle'"),
    ],
)
def test_a_checkpoint_of_other_classes_is_not_taken_up(
    tiny_run: Callable[..., Any], one_epoch: Path, names: List[str], difference: str
) -> None:
    run = tiny_run(one_epoch.name)
    run._labels = Labels(dict(enumerate(names, start=1)))
    with pytest.raises(TrainError, match=rf"last\.npz was trained with {difference}; to go on, leave"):
        run.resume()


def test_weights_of_another_shape_are_not_taken_up(tiny_run: Callable[..., Any]) -> None:
    learner = tiny_run("run")._learner
    name = "BoxPredictor_0/ClassPredictor/biases"
    with pytest.raises(TrainError, match="of another network"):
        learner.restore_weights({**learner.weights, name: np.zeros(1, np.float32)})


def test_training_stops_when_nothing_gets_better(tiny_run: Callable[..., Any]) -> None:
    # a rate so low that no evaluation beats the first
    run = tiny_run("run", epochs=9, learning_rate=1e-9, evaluate_epochs=1, patience=2)
    assert run.train().epoch == 3


def test_a_loss_that_is_not_a_number_is_explained_and_the_checkpoint_is_kept(
    tiny_run: Callable[..., Any], one_epoch: Path
) -> None:
    from splitdet.train.checkpoint import LAST, load_checkpoint

    broken = tiny_run(one_epoch.name)
    broken.resume()
    weights = broken._learner.weights
    weights["BoxPredictor_0/BoxEncodingPredictor/biases"][:] = np.nan
    broken._learner.restore_weights(weights)
    with pytest.raises(TrainError, match=r"became nan in epoch 2, step 1, .*lower learning_rate"):
        broken.train()
    kept = load_checkpoint(one_epoch / LAST)
    assert kept.progress.epoch == 1
    assert all(np.isfinite(array).all() for array in kept.weights.values())


def test_a_run_leaves_pictures_and_curves(tiny_run: Callable[..., Any], tmp_path: Path) -> None:
    tiny_run("run", epochs=1, sample_pictures=1).train()
    assert [path.name for path in (tmp_path / "run" / "pictures").iterdir()] == ["epoch_001_1.jpg"]
    import tensorflow as tf

    (events,) = (tmp_path / "run" / "tensorboard").iterdir()
    tags = {
        value.tag
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    }
    assert tags == {"loss", "learning_rate", "ap50"}


def test_mixed_precision_learns_in_single_precision(
    tiny_run: Callable[..., Any], tmp_path: Path
) -> None:
    from splitdet.train.checkpoint import LAST, load_checkpoint

    progress = tiny_run("run", mixed_precision=True).train(until_epoch=1)
    assert np.isfinite(progress.history[-1]["loss"])
    weights = load_checkpoint(tmp_path / "run" / LAST).weights
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 and no more", b"", b"nothing of the kind"], ids=["cut off", "empty", "text"]
)
def test_a_file_that_is_no_whole_checkpoint_is_refused(tmp_path: Path, data: bytes) -> None:
    from splitdet.train.checkpoint import load_checkpoint

    path = tmp_path / "last.npz"
    path.write_bytes(data)
    with pytest.raises(TrainError, match=r"last\.npz: not a checkpoint of splitdet train, or cut off"):
        load_checkpoint(path)


def test_an_array_by_the_name_of_a_checkpoint_is_refused(tmp_path: Path) -> None:
    from splitdet.train.checkpoint import load_checkpoint

    np.save(str(tmp_path / "array.npy"), np.zeros(3))
    (tmp_path / "array.npy").rename(tmp_path / "last.npz")
    with pytest.raises(TrainError, match=r"last\.npz: not a checkpoint of splitdet train, or cut off"):
        load_checkpoint(tmp_path / "last.npz")


def test_a_full_disk_ends_training_and_nothing_stays_there(
    tiny_run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(TrainError, match=r"features\.tmp: cannot take .*No space left on device"):
        tiny_run("run").train()
    assert not (tmp_path / "run" / "features.tmp").exists()
