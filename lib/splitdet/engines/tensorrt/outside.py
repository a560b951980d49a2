"""The layers that no precision but float32 is good enough for: see `engines.places`."""

from __future__ import annotations

from typing import Any, List

from splitdet.engines.places import Layer, places
from splitdet.engines.tensorrt.api import Api

_CONVOLUTIONS = ("CONVOLUTION", "DECONVOLUTION", "MATRIX_MULTIPLY", "FULLY_CONNECTED")


def layers_outside(network: Any) -> List[Any]:
    """Layers that do not lie between two convolutions and are none; in their order."""
    layers = [network.get_layer(i) for i in range(network.num_layers)]
    found = places([Layer(_inputs(layer), _outputs(layer), _is_convolution(layer)) for layer in layers])
    return [layer for layer, place in zip(layers, found) if place.is_outside]


def keep_outside_in_float(api: Api, network: Any, config: Any) -> None:
    """Ask for float32 outside the convolutions, in versions that choose the types themselves."""
    if api.strongly_typed:
        return
    real = api.trt.DataType.FLOAT
    for layer in layers_outside(network):
        kinds = [layer.get_output(i).dtype for i in range(layer.num_outputs)]
        if layer.type.name != "CONSTANT" and all(kind == real for kind in kinds):
            layer.precision = real
            for i in range(layer.num_outputs):
                layer.set_output_type(i, real)
    config.set_flag(api.trt.BuilderFlag.PREFER_PRECISION_CONSTRAINTS)


def _is_convolution(layer: Any) -> bool:
    return layer.type.name in _CONVOLUTIONS


def _inputs(layer: Any) -> List[str]:
    found = (layer.get_input(i) for i in range(layer.num_inputs))
    return [tensor.name for tensor in found if tensor is not None]


def _outputs(layer: Any) -> List[str]:
    return [layer.get_output(i).name for i in range(layer.num_outputs)]
