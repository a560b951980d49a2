"""A network in half precision, for versions of TensorRT that take the types as they are.

Everything from the first convolution to the last ones is cast. What comes before, the
normalisation, and after, the decoding of boxes, stays in float32, where 1/2048 would be a pixel.
"""

from __future__ import annotations

from typing import Any, Dict, List, Set

import numpy as np

from splitdet.engines.places import Layer, places

_CONVOLUTIONS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_CASTABLE = {
    *_CONVOLUTIONS,
    *("Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Div", "Expand", "Flatten"),
    *("Gather", "GlobalAveragePool", "HardSigmoid", "Identity", "LeakyRelu", "Max", "MaxPool", "Min"),
    *("Mul", "Pad", "ReduceMean", "Relu", "Reshape", "Resize", "Sigmoid", "Slice", "Split", "Squeeze"),
    *("Sub", "Tile", "Transpose", "Unsqueeze"),
}
_ONLY_FIRST_INPUT = ("Resize",)  # its scales are float32 whatever it resizes
_SUFFIX = "__half"


def to_half(model: bytes) -> bytes:
    """Cast the convolutional part of an ONNX model; its inputs and outputs stay float32."""
    import onnx.numpy_helper  # before onnx 1.13 not there by itself
    import onnx.shape_inference

    proto = onnx.load_from_string(model)
    graph = proto.graph
    caster = _Caster(onnx, proto, _between_convolutions(graph.node))
    nodes = caster.nodes()
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(caster.new_constants)
    used = {name for node in nodes for name in node.input}
    kept = [constant for constant in graph.initializer if constant.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
    return bytes(proto.SerializeToString())


def _between_convolutions(nodes: Any) -> Set[int]:
    """Positions of the convolutions, and of what lies between two of them."""
    found = places([Layer(node.input, node.output, node.op_type in _CONVOLUTIONS) for node in nodes])
    return {
        position
        for position, place in enumerate(found)
        if not place.is_outside and nodes[position].op_type in _CASTABLE
    }


class _Caster:
    """Writes the nodes anew, with casts where the precision changes."""

    def __init__(self, onnx: Any, proto: Any, half: Set[int]) -> None:
        self._onnx = onnx
        self._nodes = list(proto.graph.node)
        self._half = half
        self._outputs = [port.name for port in proto.graph.output]
        self._constants = {constant.name: constant for constant in proto.graph.initializer}
        self._floats = _float_tensors(onnx, proto)
        self._made: Set[str] = set()
        self._written: List[Any] = []
        self.new_constants: List[Any] = []

    def nodes(self) -> List[Any]:
        """All nodes, in an order that can be run."""
        for i, old in enumerate(self._nodes):
            node = self._onnx.NodeProto()
            node.CopyFrom(old)
            for position, name in enumerate(node.input):
                if name in self._floats and self._is_half(i, node.op_type, position):
                    node.input[position] = self._as_half(name)
                elif name + _SUFFIX in self._made:
                    self._as_float(name)
            if i in self._half:
                for position, name in enumerate(node.output):
                    if name in self._floats:
                        node.output[position] = name + _SUFFIX
                        self._made.add(name + _SUFFIX)
            else:
                self._made.update(node.output)
            self._written.append(node)
        for name in self._outputs:
            if name + _SUFFIX in self._made:
                self._as_float(name)
        return self._written

    def _is_half(self, index: int, operation: str, position: int) -> bool:
        return index in self._half and (position == 0 or operation not in _ONLY_FIRST_INPUT)

    def _as_half(self, name: str) -> str:
        cast = name + _SUFFIX
        if cast in self._made:
            return cast
        self._made.add(cast)
        if name in self._constants:
            helper = self._onnx.numpy_helper
            limit = np.finfo(np.float16).max
            array = np.clip(helper.to_array(self._constants[name]), -limit, limit).astype(np.float16)
            self.new_constants.append(helper.from_array(array, cast))
        else:
            self._cast(name, cast, self._onnx.TensorProto.FLOAT16)
        return cast

    def _as_float(self, name: str) -> None:
        if name not in self._made and name not in self._constants:
            self._made.add(name)
            self._cast(name + _SUFFIX, name, self._onnx.TensorProto.FLOAT)

    def _cast(self, source: str, target: str, kind: int) -> None:
        make = self._onnx.helper.make_node
        self._written.append(make("Cast", [source], [target], name=target + "__cast", to=kind))


def _float_tensors(onnx: Any, proto: Any) -> Set[str]:
    """Names of all float32 tensors."""
    graph = onnx.shape_inference.infer_shapes(proto).graph
    kinds: Dict[str, int] = {constant.name: constant.data_type for constant in graph.initializer}
    for port in [*graph.value_info, *graph.input, *graph.output]:
        kinds[port.name] = port.type.tensor_type.elem_type
    return {name for name, kind in kinds.items() if kind == onnx.TensorProto.FLOAT}
