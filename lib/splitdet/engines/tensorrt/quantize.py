"""A network in INT8, for versions of TensorRT that take the types as they are.

The input and the weights of every convolution are quantized, weights with a scale for each channel.
All ranges are symmetric, as TensorRT wants them; biases and everything else stay in float32.
"""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np

from splitdet.engines.pictures import Pictures
from splitdet.errors import EngineError

_LARGEST = 127
_KEPT = 0.9999
"""Share of a tensor's values that its range covers; the few beyond would cost all others precision."""


def quantize(model: bytes, pictures: Pictures) -> bytes:
    """Put pairs of quantize and dequantize nodes around the convolutions of an ONNX model.

    Raises:
        EngineError: ONNX Runtime, which measures the ranges, is not installed.
    """
    import onnx.numpy_helper  # before onnx 1.13 not there by itself

    proto = onnx.load_from_string(model)
    weights = {constant.name: constant for constant in proto.graph.initializer}
    convolutions = [
        node for node in proto.graph.node if node.op_type == "Conv" and node.input[1] in weights
    ]
    ranges = _measure(onnx, proto, [node.input[0] for node in convolutions], pictures)
    writer = _Writer(onnx)
    for node in proto.graph.node:
        if any(node is convolution for convolution in convolutions):
            source, weight = node.input[0], weights[node.input[1]]
            node.input[0] = writer.pair(source, np.float32(ranges[source]), None)
            array = onnx.numpy_helper.to_array(weight)
            largest = np.abs(array).reshape(len(array), -1).max(1).astype(np.float32)
            node.input[1] = writer.pair(weight.name, largest, 0)
        writer.nodes.append(node)
    nodes = writer.nodes
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    proto.graph.initializer.extend(writer.constants)
    return bytes(proto.SerializeToString())


def _measure(onnx: Any, proto: Any, tensors: List[str], pictures: Pictures) -> Dict[str, float]:
    """The largest absolute value of each tensor, a few outliers left out."""
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError(
            f"INT8 with this TensorRT needs ONNX Runtime ({error}): pip install onnxruntime"
        ) from None
    names = sorted(set(tensors))
    looked_into = onnx.ModelProto()
    looked_into.CopyFrom(proto)
    del looked_into.graph.output[:]
    kind = onnx.TensorProto.FLOAT
    inputs = {port.name for port in proto.graph.input}
    read = [name for name in names if name not in inputs]
    looked_into.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, kind, None) for name in read
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        looked_into.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    port = session.get_inputs()[0]
    rows = port.shape[0] if isinstance(port.shape[0], int) else 1
    found: Dict[str, float] = {}
    for batch in pictures.batches(rows):
        arrays = dict(zip(read, session.run(read, {port.name: batch})))
        arrays[port.name] = batch
        for name in names:
            found[name] = max(found.get(name, 1e-6), _extent(arrays[name]))
    return found


def _extent(array: np.ndarray) -> float:
    values = np.abs(array).ravel()
    position = min(int(values.size * _KEPT), values.size - 1)
    return float(np.partition(values, position)[position])


class _Writer:
    """Collects nodes and constants."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._done: Dict[str, str] = {}
        self.nodes: List[Any] = []
        self.constants: List[Any] = []

    def pair(self, name: str, largest: Any, axis: Any) -> str:
        """Tensor `name`, rounded to 255 steps.

        Args:
            largest: float32, () or one for each channel.
            axis: of the channels.
        """
        if name in self._done:
            return self._done[name]
        scale, zero, rounded, back = (f"{name}__{what}" for what in ("scale", "zero", "int8", "real"))
        to_proto = self._onnx.numpy_helper.from_array
        scales = np.maximum(np.asarray(largest, np.float32) / np.float32(_LARGEST), np.float32(1e-12))
        self.constants.append(to_proto(scales, scale))
        self.constants.append(to_proto(np.zeros(scales.shape, np.int8), zero))
        options = {} if axis is None else {"axis": axis}
        make = self._onnx.helper.make_node
        self.nodes.append(
            make("QuantizeLinear", [name, scale, zero], [rounded], name=rounded, **options)
        )
        self.nodes.append(make("DequantizeLinear", [rounded, scale, zero], [back], name=back, **options))
        self._done[name] = back
        return back
