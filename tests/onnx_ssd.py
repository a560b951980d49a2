"""SSDs in ONNX as jetson-inference has them, with random weights, and what numpy finds with them.

`write_onnx_ssd` puts the network together from ONNX operations; `Reference` computes the same
numbers by itself, from the formulas, one frame at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

SIZE_PX, CLASSES = (48, 64), 4
"""Height and width; classes without background."""
CENTRE_VARIANCE, SIZE_VARIANCE = 0.1, 0.2
_CHANNELS = (3, 8, 12)
_STRIDE = 4


class Weights(NamedTuple):
    """Convolutions of 3x3: (output, input, 3, 3) and (output,)."""

    body: List[Tuple[np.ndarray, np.ndarray]]
    """Two, each halves height and width and is followed by a ReLU."""
    scores: Tuple[np.ndarray, np.ndarray]
    boxes: Tuple[np.ndarray, np.ndarray]


def make_weights(classes: int = CLASSES, seed: int = 0) -> Weights:
    """Two anchors in each cell."""
    random = np.random.RandomState(seed)

    def convolution(inputs: int, outputs: int, gain: float) -> Tuple[np.ndarray, np.ndarray]:
        weights = random.standard_normal((outputs, inputs, 3, 3)) * gain * np.sqrt(2 / (9 * inputs))
        return weights.astype(np.float32), (random.standard_normal(outputs) * 0.1).astype(np.float32)

    first, second, third = _CHANNELS
    body = [convolution(first, second, 2.0), convolution(second, third, 2.0)]
    scores = convolution(third, 2 * (classes + 1), 1.0)
    scores[1][:: classes + 1] += 1  # most of a picture is background
    return Weights(body, scores, convolution(third, 8, 1.0))


def make_priors(size_px: Tuple[int, int] = SIZE_PX) -> np.ndarray:
    """float32 (N, 4): centre x, centre y, width, height, all 0..1; a small and a large one in a cell."""
    rows, columns = size_px[0] // _STRIDE, size_px[1] // _STRIDE
    priors = [
        ((column + 0.5) / columns, (row + 0.5) / rows, size, size * 1.2)
        for row in range(rows)
        for column in range(columns)
        for size in (0.3, 0.6)
    ]
    return np.array(priors, np.float32)


def write_onnx_ssd(
    path: Path,
    weights: Optional[Weights] = None,
    size_px: Tuple[int, int] = SIZE_PX,
    batch: Optional[int] = 1,
    opset: int = 9,
    names: Sequence[str] = ("input_0", "scores", "boxes"),
    labels: Sequence[str] = (),
    constants_are_inputs: bool = False,
) -> Path:
    """Write a network, and labels.txt beside it where there are labels.

    Args:
        batch: None where it varies.
        opset: 9 is what PyTorch wrote on a Jetson with JetPack 4.
        constants_are_inputs: as old exporters have it.
    """
    import onnx

    weights = weights or make_weights()
    if labels:
        path.with_name("labels.txt").write_text("\n".join(labels) + "\n")
    network = _Network(batch, opset)
    image, scores, boxes = names
    tensor = image
    for number, parameters in enumerate(weights.body):
        tensor = network.add("Relu", [network.convolution(f"body{number}", tensor, parameters, 2)])
    classes = len(weights.scores[1]) // 2
    logits = network.rows(network.convolution("score_head", tensor, weights.scores, 1), classes)
    network.add("Softmax", [logits], scores, axis=2)
    codes = network.rows(network.convolution("box_head", tensor, weights.boxes, 1), 4)
    network.decode(codes, make_priors(size_px), boxes)

    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    rows: Any = "batch" if batch is None else batch
    count = len(make_priors(size_px))
    inputs = [helper.make_tensor_value_info(image, kind, [rows, 3, *size_px])]
    if constants_are_inputs:
        inputs += [helper.make_tensor_value_info(c.name, c.data_type, c.dims) for c in network.constants]
    outputs = [
        helper.make_tensor_value_info(scores, kind, [rows, count, classes]),
        helper.make_tensor_value_info(boxes, kind, [rows, count, 4]),
    ]
    graph = helper.make_graph(network.nodes, "ssd", inputs, outputs, network.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 3 if constants_are_inputs else 6
    path.write_bytes(model.SerializeToString())
    return path


class _Network:
    """Collects nodes and constants."""

    def __init__(self, batch: Optional[int], opset: int) -> None:
        import onnx.numpy_helper

        self._onnx = onnx
        self._batch = batch
        self._opset = opset
        self.nodes: List[Any] = []
        self.constants: List[Any] = []

    def add(self, operation: str, inputs: Sequence[str], output: str = "", **options: Any) -> str:
        """A node; the name of its output."""
        output = output or f"{operation}_{len(self.nodes)}"
        make = self._onnx.helper.make_node
        self.nodes.append(make(operation, list(inputs), [output], name=output, **options))
        return output

    def constant(self, value: Any) -> str:
        """Its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(self._onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def convolution(self, name: str, source: str, parameters: Any, stride: int) -> str:
        """3x3, padded with one pixel of zeros."""
        inputs = [source, *(self.constant(array) for array in parameters)]
        return self.add("Conv", inputs, name, pads=[1, 1, 1, 1], strides=[stride, stride])

    def rows(self, source: str, columns: int) -> str:
        """(B, 2 * columns, h, w) to (B, 2 * h * w, columns)."""
        last = self.add("Transpose", [source], perm=[0, 2, 3, 1])
        shape = self.constant(np.array([self._batch or 0, -1, columns], np.int64))
        return self.add("Reshape", [last, shape])

    def decode(self, codes: str, priors: np.ndarray, output: str) -> None:
        """Offsets from the priors to corners."""
        centre = self._columns(codes, 0, 2)
        step = self.add("Mul", [centre, self.constant(CENTRE_VARIANCE * priors[:, 2:])])
        middle = self.add("Add", [step, self.constant(priors[:, :2])])
        grown = self.add("Mul", [self._columns(codes, 2, 4), self.constant(np.float32(SIZE_VARIANCE))])
        half = self.add("Mul", [self.add("Exp", [grown]), self.constant(priors[:, 2:] / 2)])
        corners = [self.add("Sub", [middle, half]), self.add("Add", [middle, half])]
        self.add("Concat", corners, output, axis=2)

    def _columns(self, source: str, begin: int, end: int) -> str:
        if self._opset < 10:
            return self.add("Slice", [source], axes=[2], starts=[begin], ends=[end])
        limits = [self.constant(np.array([value], np.int64)) for value in (begin, end, 2)]
        return self.add("Slice", [source, *limits])


class Reference:
    """What such a network finds, computed plainly."""

    def __init__(self, weights: Optional[Weights] = None, size_px: Tuple[int, int] = SIZE_PX) -> None:
        self._weights = weights or make_weights()
        self._size_px = size_px

    def raw(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Scores (N, C + 1), background first, and boxes (N, 4), x1 first, of a BGR picture."""
        resized = resized_plainly(image, self._size_px)
        tensor = ((resized[..., ::-1] - 127.0) / 128.0).transpose(2, 0, 1)
        for weights, bias in self._weights.body:
            tensor = np.maximum(_convolved(tensor, weights, bias, 2), 0)
        logits = _rows(_convolved(tensor, *self._weights.scores, 1), len(self._weights.scores[1]) // 2)
        powers = np.exp(logits - logits.max(1, keepdims=True))
        codes = _rows(_convolved(tensor, *self._weights.boxes, 1), 4)
        priors = make_priors(self._size_px).astype(np.float64)
        centres = priors[:, :2] + CENTRE_VARIANCE * codes[:, :2] * priors[:, 2:]
        sizes = priors[:, 2:] * np.exp(SIZE_VARIANCE * codes[:, 2:])
        boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], 1)
        return powers / powers.sum(1, keepdims=True), boxes

    def detect(self, image: np.ndarray, threshold: float) -> List[Dict[str, Any]]:
        """Detections best first: `box` (ymin, xmin, ymax, xmax), `score`, `class_id`."""
        scores, boxes = self.raw(image)
        found = []
        for class_id in range(1, scores.shape[1]):
            kept: List[np.ndarray] = []
            for row in np.argsort(-scores[:, class_id]):
                if scores[row, class_id] < threshold:
                    break
                if all(overlap(boxes[row], box) <= 0.45 for box in kept):
                    kept.append(boxes[row])
                    box = np.clip(boxes[row], 0, 1)[[1, 0, 3, 2]]
                    found.append({"box": box, "score": scores[row, class_id], "class_id": class_id})
        return sorted(found, key=lambda one: -one["score"])


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / (float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - shared)


def resized_plainly(image: np.ndarray, size_px: Tuple[int, int]) -> np.ndarray:
    """Bilinear, half-pixel centres, rounded to whole grey levels: float64 (h, w, C)."""
    result = image.astype(np.float64)
    for axis, wanted in enumerate(size_px):
        size = image.shape[axis]
        position = np.clip((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0, size - 1)
        lower = np.floor(position).astype(int)
        upper = np.minimum(lower + 1, size - 1)
        share = (position - lower).reshape([-1 if other == axis else 1 for other in range(3)])
        result = result.take(lower, axis) * (1 - share) + result.take(upper, axis) * share
    return np.asarray(np.floor(result + 0.5))


def _convolved(tensor: np.ndarray, weights: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """(C, h, w) by a 3x3 convolution, padded with one pixel of zeros."""
    padded = np.pad(tensor, ((0, 0), (1, 1), (1, 1)))
    rows, columns = (-(-size // stride) for size in tensor.shape[1:])
    result = np.zeros((len(weights), rows, columns)) + bias[:, np.newaxis, np.newaxis]
    for y in range(3):
        for x in range(3):
            window = padded[:, y : y + stride * rows : stride, x : x + stride * columns : stride]
            result += np.einsum("oc,chw->ohw", weights[:, :, y, x].astype(np.float64), window)
    return result


def _rows(tensor: np.ndarray, columns: int) -> np.ndarray:
    return tensor.transpose(1, 2, 0).reshape(-1, columns)
