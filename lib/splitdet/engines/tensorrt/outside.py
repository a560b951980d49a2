"""The layers that no precision but float32 is good enough for.

Before the first convolution pictures are normalised, after the last ones boxes are decoded: little
work, and 1/127 or even 1/2048 of a frame is seen in a box.
"""

from __future__ import annotations

from typing import Any, List, Set

from splitdet.engines.tensorrt.api import Api

_CONVOLUTIONS = ("CONVOLUTION", "DECONVOLUTION", "MATRIX_MULTIPLY", "FULLY_CONNECTED")


def layers_outside(network: Any) -> List[Any]:
    """Layers that do not lie between two convolutions and are none; in their order."""
    layers = [network.get_layer(i) for i in range(network.num_layers)]
    behind: Set[str] = set()
    after: Set[str] = set()
    for layer in layers:
        if _is_convolution(layer) or behind.intersection(_inputs(layer)):
            behind.update(_outputs(layer))
            after.add(layer.name)
    ahead: Set[str] = set()
    before: Set[str] = set()
    for layer in reversed(layers):
        if _is_convolution(layer) or ahead.intersection(_outputs(layer)):
            ahead.update(_inputs(layer))
            before.add(layer.name)
    return [
        layer
        for layer in layers
        if not _is_convolution(layer) and not (layer.name in after and layer.name in before)
    ]


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
