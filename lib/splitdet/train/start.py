"""Random weights that a network without batch normalisation can begin with.

Each layer in its turn gets a scale and a shift for each channel, so that over some pictures its
output has mean 0 and variance 1 (Salimans and Kingma 2016, section 3).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from splitdet.train.architecture import Architecture, Layer
from splitdet.train.learner import tensorflow_2
from splitdet.train.network import Network
from splitdet.train.weights import Arrays, random_weights

_LEAST_DEVIATION = 1e-2


def calibrated_weights(architecture: Architecture, images: np.ndarray, seed: int) -> Arrays:
    """Random weights that suit pictures: float32 (B, size, size, 3), -1..1."""
    tf = tensorflow_2()
    weights = random_weights(architecture, seed)
    _Calibrating(tf, architecture, weights).back(tf.constant(images), 0)
    return weights


class _Calibrating(Network):
    """Changes the weights of each layer before it runs."""

    def __init__(self, tf: Any, architecture: Architecture, weights: Arrays) -> None:
        super().__init__(tf, architecture, weights.__getitem__, tf.float32)
        self._arrays = weights

    def _run(self, tensor: Any, layer: Layer) -> Any:
        if not layer.name.endswith("Predictor"):  # these give the predictions themselves
            linear = super()._run(tensor, layer.without_relu()).numpy()
            deviation = np.maximum(linear.std(axis=(0, 1, 2)), _LEAST_DEVIATION)
            scale = deviation.reshape(-1, 1) if layer.depthwise else deviation
            self._arrays[layer.weights_name] = self._arrays[layer.weights_name] / scale
            self._arrays[layer.biases_name] = -linear.mean(axis=(0, 1, 2)) / deviation
        return super()._run(tensor, layer)
