"""Weights of a network: those of a frozen graph, or random ones."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

import numpy as np

from splitdet.errors import ModelError
from splitdet.graph.graph import Graph, attribute
from splitdet.graph.load import load_graph
from splitdet.graph.tensors import to_array
from splitdet.train.architecture import Architecture, Layer

Arrays = Dict[str, np.ndarray]
"""float32, by name: see `Layer.weights_name` and `Layer.biases_name`."""
_BACKGROUND = 0.75
"""Part of the anchors that count in the loss: three for each one with an object; see `loss.py`."""
_QUESTION = "is it an SSDLite MobileNet v2?"


def from_frozen_graph(path: Path, architecture: Architecture, seed: int = 0) -> Arrays:
    """The weights of an SSDLite MobileNet v2; new ones for classes that it does not have.

    Read are the zoo's file, the default model as `splitdet models get` makes it, and what
    `splitdet export` writes.

    Raises:
        ModelError: not a graph of this network.
    """
    graph = load_graph(path)
    fresh = random_weights(architecture, seed)
    found: Arrays = {}
    for layer in architecture.layers():
        try:
            kernel, bias = _folded(graph, layer, path)
        except (ValueError, TypeError):  # arrays that numpy does not put together
            raise ModelError(
                f"{path}: weights and normalisation of {layer.name!r} do not fit together; {_QUESTION}"
            ) from None
        shapes = (layer.kernel_shape, (layer.outputs,))
        if (kernel.shape, bias.shape) == shapes:
            found[layer.weights_name], found[layer.biases_name] = kernel, bias
        elif "/ClassPredictor" in layer.name:
            for name in (layer.weights_name, layer.biases_name):
                found[name] = fresh[name]
        else:
            raise ModelError(
                f"{path}: {layer.name!r} has weights {kernel.shape}, where this network has "
                f"{layer.kernel_shape}; start from an SSDLite MobileNet v2 of the same width"
            )
    return found


def random_weights(architecture: Architecture, seed: int = 0) -> Arrays:
    """Weights drawn so that signals keep their strength (He et al. 2015, eq. 10).

    Biases of classes begin with how often each one is right (Lin et al. 2017, section 3.3).
    """
    random = np.random.RandomState(seed)
    found: Arrays = {}
    for layer in architecture.layers():
        fan_in = layer.kernel_px**2 * (1 if layer.depthwise else layer.inputs)
        kernel = random.standard_normal(layer.kernel_shape) * np.sqrt(2.0 / fan_in)
        bias = np.zeros(layer.outputs, np.float32)
        if layer.is_predictor:
            kernel *= 0.1
        if layer.name.endswith("/ClassPredictor"):
            rows = bias.reshape(-1, architecture.classes + 1)
            rows[:, 0] = _logit(_BACKGROUND)
            rows[:, 1:] = _logit((1 - _BACKGROUND) / architecture.classes)
        found[layer.weights_name], found[layer.biases_name] = kernel.astype(np.float32), bias
    return found


def _logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def _folded(graph: Graph, layer: Layer, path: Path) -> Tuple[np.ndarray, np.ndarray]:
    """Kernel and bias, batch normalisation made part of them."""

    def read(name: str) -> Optional[np.ndarray]:
        node = graph.nodes.get(f"{layer.name}/{name}")
        if node is None or node.op != "Const":
            return None
        return to_array(attribute(node, "value").tensor)

    kernel = _first(read, [layer.weights_name[len(layer.name) + 1 :], "Conv2D/merged_input"])
    if kernel is None:
        raise ModelError(f"{path}: no weights of {layer.name!r}; {_QUESTION}")
    bias = _first(read, ["biases"])
    if bias is None:
        scale, bias = _normalisation(read, graph, layer, path)
        kernel = kernel * (scale.reshape(-1, 1) if layer.depthwise else scale)
    return np.array(kernel, np.float32), np.array(bias, np.float32)


def _normalisation(
    read: Callable[[str], Optional[np.ndarray]], graph: Graph, layer: Layer, path: Path
) -> Tuple[np.ndarray, np.ndarray]:
    """Scale and shift of batch normalisation: written out, or partly computed already."""
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    parts = [read("BatchNorm/" + name) for name in names]
    if all(part is not None for part in parts):
        gamma, beta, mean, variance = (np.asarray(part, np.float64) for part in parts)
        scale = gamma / np.sqrt(variance + _epsilon(read, graph, layer))
        return scale, beta - mean * scale
    shift = read("BatchNorm/batchnorm/sub")
    if shift is None:
        raise ModelError(f"{path}: no biases of {layer.name!r}; {_QUESTION}")
    scale_array = read("BatchNorm/batchnorm/mul")  # not there where it is part of the kernel
    return np.ones(layer.outputs) if scale_array is None else scale_array, shift


def _epsilon(read: Callable[[str], Optional[np.ndarray]], graph: Graph, layer: Layer) -> float:
    constant = read("BatchNorm/batchnorm/add/y")
    if constant is not None:
        return float(constant)
    node = graph.nodes.get(layer.name + "/BatchNorm/FusedBatchNorm")
    return attribute(node, "epsilon").f if node else 1e-3


def _first(read: Callable[[str], Optional[np.ndarray]], names: List[str]) -> Optional[np.ndarray]:
    return next((array for array in map(read, names) if array is not None), None)
