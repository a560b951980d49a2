"""Batch normalisation: what it computes, that it changes nothing by itself, and that it folds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict

import numpy as np
import pytest

from splitdet.train.architecture import Architecture
from splitdet.train.normalise import (
    NormalisedNetwork,
    folded,
    mean_name,
    normalised,
    scale_name,
    variance_name,
)
from splitdet.train.weights import Arrays, random_weights

ARCHITECTURE = Architecture(classes=3, size_px=64, width=0.1)
FROZEN = 6
pytestmark = pytest.mark.usefixtures("tensorflow_2")


@pytest.fixture(scope="module")
def tf(tensorflow_2: None) -> Any:
    """TensorFlow 2."""
    import tensorflow

    return tensorflow


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """A batch of noise."""
    return np.random.RandomState(0).uniform(-1, 1, (4, 64, 64, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def plain() -> Arrays:
    """Weights without normalisation, whose biases are not all zero."""
    random = np.random.RandomState(1)
    found = random_weights(ARCHITECTURE, seed=1)
    return {
        name: array + random.uniform(0, 0.2, array.shape).astype(np.float32) * name.endswith("/biases")
        for name, array in found.items()
    }


def _predictions(tf: Any, weights: Arrays, images: np.ndarray) -> np.ndarray:
    network = NormalisedNetwork(tf, ARCHITECTURE, _constants(tf, weights), tf.float32, training=False)
    return np.concatenate([part.numpy() for part in network.back(tf.constant(images), 0)], axis=2)


def _constants(tf: Any, weights: Arrays) -> Dict[str, Any]:
    return {name: tf.constant(array) for name, array in weights.items()}


def test_a_network_gives_the_same_once_it_is_normalised(
    tf: Any, plain: Arrays, images: np.ndarray
) -> None:
    weights = normalised(tf, ARCHITECTURE, plain, images[:2], FROZEN)
    expected = _predictions(tf, plain, images)
    np.testing.assert_allclose(_predictions(tf, weights, images), expected, atol=1e-4, rtol=1e-4)


def test_only_layers_that_learn_are_normalised_and_no_predictor_is(
    tf: Any, plain: Arrays, images: np.ndarray
) -> None:
    weights = normalised(tf, ARCHITECTURE, plain, images, FROZEN)
    learning = ARCHITECTURE.layers(FROZEN)
    expected = {scale_name(layer) for layer in learning if not layer.name.endswith("Predictor")}
    assert {name for name in weights if name.endswith("/scale")} == expected


def test_outputs_of_fresh_layers_have_mean_0_and_variance_1(
    tf: Any, plain: Arrays, images: np.ndarray
) -> None:
    weights = normalised(tf, ARCHITECTURE, plain, images, fresh=True)
    first = ARCHITECTURE.first
    output = tf.nn.conv2d(images, weights[first.weights_name], 2, "SAME").numpy()
    np.testing.assert_allclose(weights[mean_name(first)], output.mean(axis=(0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(weights[variance_name(first)], output.var(axis=(0, 1, 2)), rtol=1e-4)
    assert (weights[scale_name(first)] == 1).all()
    assert (weights[first.biases_name] == 0).all()


def test_folded_weights_give_what_normalised_ones_give(
    tf: Any, plain: Arrays, images: np.ndarray
) -> None:
    random = np.random.RandomState(2)
    weights = {
        name: array * random.uniform(0.8, 1.2, array.shape).astype(np.float32)
        for name, array in normalised(tf, ARCHITECTURE, plain, images, fresh=True).items()
    }
    alone = folded(ARCHITECTURE, weights)
    assert set(alone) == set(plain)
    expected = _predictions(tf, weights, images)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(_predictions(tf, alone, images), expected, atol=1e-4, rtol=1e-4)


def test_training_normalises_by_the_batch_as_keras_does(tf: Any, images: np.ndarray) -> None:
    architecture = Architecture(classes=3, size_px=64)
    layer = architecture.first
    keras = tf.keras.layers.BatchNormalization(momentum=0.98, epsilon=1e-3)
    kernel = random_weights(architecture, seed=3)[layer.weights_name]
    expected = keras(tf.nn.conv2d(images, kernel, 2, "SAME"), training=True).numpy()
    variables = {
        layer.weights_name: tf.constant(kernel),
        layer.biases_name: tf.zeros(layer.outputs),
        scale_name(layer): tf.ones(layer.outputs),
        mean_name(layer): tf.Variable(tf.zeros(layer.outputs)),
        variance_name(layer): tf.Variable(tf.ones(layer.outputs)),
    }
    network = NormalisedNetwork(tf, architecture, variables, tf.float32, training=True)
    output = network._run(tf.constant(images), replace(layer, relu=False)).numpy()
    np.testing.assert_allclose(output, expected, atol=1e-4)
    np.testing.assert_allclose(variables[mean_name(layer)], keras.moving_mean, atol=1e-5)
    # Keras' own moving variance is that of the batch itself, TensorFlow's that of what it was drawn from
    np.testing.assert_allclose(variables[variance_name(layer)], keras.moving_variance, rtol=1e-3)
