"""Batch normalisation (Ioffe and Szegedy 2015) of the layers that learn.

Networks this deep do not learn well without it. While they learn, the output of each convolution
is brought to mean 0 and variance 1 over the batch, then scaled and shifted; afterwards the means and
variances of training are used, and all four numbers of a channel fold into its kernel and bias.
"""

from __future__ import annotations

from typing import Any, Dict, Sequence

import numpy as np

from splitdet.train.architecture import Architecture, Layer
from splitdet.train.network import Network
from splitdet.train.weights import Arrays

_EPSILON = 1e-3
_REMEMBERED = 0.98
"""Of the means and variances, at each step; the rest is that of the batch."""


def scale_name(layer: Layer) -> str:
    """Name of the scale; the shift is the layer's bias."""
    return layer.name + "/scale"


def mean_name(layer: Layer) -> str:
    """Name of the mean of the convolution's output."""
    return layer.name + "/moving_mean"


def variance_name(layer: Layer) -> str:
    """Name of the variance of the convolution's output."""
    return layer.name + "/moving_variance"


class NormalisedNetwork(Network):
    """A network that normalises the layers for which there is a scale.

    Args:
        variables: the weights, by name; a training one changes the means and variances among them.
        training: whether to normalise by the batch at hand.
    """

    def __init__(
        self, tf: Any, architecture: Architecture, variables: Dict[str, Any], dtype: Any, training: bool
    ) -> None:
        super().__init__(tf, architecture, variables.__getitem__, dtype)
        self._variables = variables
        self._training = training

    def _shift(self, tensor: Any, layer: Layer) -> Any:
        variables = self._variables
        if scale_name(layer) not in variables:
            return super()._shift(tensor, layer)
        mean, variance = variables[mean_name(layer)], variables[variance_name(layer)]
        result = self._tf.raw_ops.FusedBatchNormV3(
            x=tensor,
            scale=variables[scale_name(layer)],
            offset=variables[layer.biases_name],
            mean=mean,
            variance=variance,
            epsilon=_EPSILON,
            exponential_avg_factor=1 - _REMEMBERED,
            is_training=self._training,
        )
        if self._training:
            mean.assign(result.batch_mean)
            variance.assign(result.batch_variance)
        return result.y


class _Measuring(Network):
    """Gives layers their normalisation as they run, one by one.

    Args:
        names: of the layers.
        fresh: whether their outputs are to have mean 0 and variance 1; else they stay what they are.
    """

    def __init__(
        self, tf: Any, architecture: Architecture, weights: Arrays, names: Sequence[str], fresh: bool
    ) -> None:
        super().__init__(tf, architecture, weights.__getitem__, tf.float32)
        self._arrays = weights
        self._names = names
        self._fresh = fresh

    def _shift(self, tensor: Any, layer: Layer) -> Any:
        if layer.name not in self._names:
            return super()._shift(tensor, layer)
        output = tensor.numpy().astype(np.float64)
        mean, variance = output.mean(axis=(0, 1, 2)), output.var(axis=(0, 1, 2))
        deviation = np.sqrt(variance + _EPSILON)
        scale = np.ones_like(mean) if self._fresh else deviation
        shift = np.zeros_like(mean) if self._fresh else mean + self._arrays[layer.biases_name]
        names = (mean_name(layer), variance_name(layer), scale_name(layer), layer.biases_name)
        for name, array in zip(names, (mean, variance, scale, shift)):
            self._arrays[name] = array.astype(np.float32)
        return self._tf.constant((output - mean) / deviation * scale + shift, self._tf.float32)


def normalised(
    tf: Any,
    architecture: Architecture,
    weights: Arrays,
    images: np.ndarray,
    frozen_blocks: int = 0,
    fresh: bool = False,
) -> Arrays:
    """Weights with a normalisation of the layers that learn.

    Args:
        images: what their outputs are measured on, float32 (B, size, size, 3), -1..1.
        frozen_blocks: so many blocks keep their kernel and bias.
        fresh: whether the weights are random ones, whose outputs may have any size; else the network
            gives what it gave.
    """
    found = dict(weights)
    names = [layer.name for layer in architecture.layers(frozen_blocks) if not layer.is_predictor]
    network = _Measuring(tf, architecture, found, names, fresh)
    network.back(network.front(tf.constant(images), frozen_blocks), frozen_blocks)
    return found


def folded(architecture: Architecture, weights: Arrays) -> Arrays:
    """Kernels and biases alone, for a network that does not learn any more."""
    found: Arrays = {}
    for layer in architecture.layers():
        kernel, bias = weights[layer.weights_name], weights[layer.biases_name]
        if scale_name(layer) in weights:
            deviation = np.sqrt(weights[variance_name(layer)].astype(np.float64) + _EPSILON)
            scale = weights[scale_name(layer)] / deviation
            kernel = kernel * (scale.reshape(-1, 1) if layer.depthwise else scale)
            bias = bias - weights[mean_name(layer)] * scale
        found[layer.weights_name] = np.asarray(kernel, np.float32)
        found[layer.biases_name] = np.asarray(bias, np.float32)
    return found
