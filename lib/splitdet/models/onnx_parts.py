"""The network of an ONNX SSD, with ends like those of a graph of the zoo at its cut.

Normalisation, and the order of axes, classes and corners, are written around the network of the
file. So every engine, its build and its calibration take it as they take any other, and so does
the NMS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Sequence, Tuple

import numpy as np

from splitdet.graph.onnx_file import OnnxFile, OnnxPart, opset
from splitdet.models.nms_settings import Habits
from splitdet.models.parts import Parts
from splitdet.nms import Clip, NmsSettings

Sizes = Tuple[Optional[int], ...]
INPUT, SCORES, BOXES = "input_0", "scores", "boxes"
"""Names in the file."""
RESIZED, FOREGROUND, CORNERS = "splitdet/resized", "splitdet/scores", "splitdet/boxes"
"""Names around it: float32 (B, H, W, 3), RGB, 0..255; (B, N, C - 1); (B, N, 1, 4), ymin first."""
MEAN, SCALE = 127.0, 1 / 128
NMS = NmsSettings(
    score_threshold=0.01,
    iou_threshold=0.45,
    max_per_class=200,
    max_total=1000,
    clip=Clip.AFTER,
    drops_flat=False,
    drops_unusual=True,
)
"""That of pytorch-ssd's `Predictor`, but for the last digits of an overlap: it adds 1e-5 to the union.
detectNet of jetson-inference has none; it merges boxes of a class that overlap by more than 0.75."""
OLDEST_OPSET = 7
"""Before, operations on arrays of different shapes were written otherwise."""
_INPUTS_SLICE = 10
"""Since this opset, Slice takes its limits as inputs."""
_FREE_CONSTANTS = 4
"""Since this version of the file format, constants need not be inputs, too."""
_ALL = 2**31 - 1


@dataclass(frozen=True)
class OnnxParts(Parts):
    """The one part of an ONNX file."""

    file: OnnxFile
    shapes: Dict[str, Sizes]
    """Of `RESIZED`, `FOREGROUND` and `CORNERS`."""

    file_format: ClassVar[str] = "ONNX"

    @property
    def node_counts(self) -> Dict[str, int]:
        """See `Parts.node_counts`."""
        return {"in all": len(self.file.model.graph.node)}

    def network(self) -> OnnxPart:
        """See `Parts.network`."""
        model = _with_new_ends(self.file, self.shapes)
        return OnnxPart("network", (RESIZED,), (FOREGROUND, CORNERS), model, self.shapes[RESIZED])

    def nms_settings(self, like: Optional[Habits] = None) -> NmsSettings:
        """See `Parts.nms_settings`."""
        return NMS


def _with_new_ends(file: OnnxFile, shapes: Dict[str, Sizes]) -> bytes:
    """The model, serialised."""
    import onnx

    ends = _Ends()
    before = ends.before()
    after = ends.after(opset(file.model))
    model = onnx.ModelProto()
    model.CopyFrom(file.model)
    model.ir_version = max(model.ir_version, _FREE_CONSTANTS)
    graph = model.graph
    for repeated, new in (
        (graph.node, [*before, *file.model.graph.node, *after]),
        (graph.input, [ends.port(RESIZED, shapes)]),
        (graph.output, [ends.port(name, shapes) for name in (FOREGROUND, CORNERS)]),
    ):
        del repeated[:]
        repeated.extend(new)
    return bytes(model.SerializeToString())


class _Ends:
    """Writes nodes in a way that every opset since `OLDEST_OPSET` reads."""

    def __init__(self) -> None:
        from onnx import TensorProto, helper, numpy_helper

        self._helper = helper
        self._float = TensorProto.FLOAT
        self._to_tensor = numpy_helper.from_array
        self._nodes: List[Any] = []

    def before(self) -> List[Any]:
        """From the new input to that of the file."""
        self._nodes = []
        mean = self._constant("mean", np.float32(MEAN))
        centred = self._node("Sub", [RESIZED, mean], "splitdet/centred")
        scale = self._constant("scale", np.float32(SCALE))
        normal = self._node("Mul", [centred, scale], "splitdet/normal")
        self._node("Transpose", [normal], INPUT, perm=[0, 3, 1, 2])
        return self._nodes

    def after(self, version: int) -> List[Any]:
        """From the outputs of the file to the new ones.

        Args:
            version: opset.
        """
        self._nodes = []
        limits = {"starts": [1], "ends": [_ALL], "axes": [2]}
        if version < _INPUTS_SLICE:
            self._node("Slice", [SCORES], FOREGROUND, **limits)
        else:
            arrays = [self._constant(name, np.array(limit)) for name, limit in limits.items()]
            self._node("Slice", [SCORES, *arrays], FOREGROUND)
        # indices with two axes give a result with one more
        order = self._constant("corners", np.array([[1, 0, 3, 2]]))
        self._node("Gather", [BOXES, order], CORNERS, axis=2)
        return self._nodes

    def port(self, name: str, shapes: Dict[str, Sizes]) -> Any:
        """An input or output."""
        return self._helper.make_tensor_value_info(name, self._float, shapes[name])

    def _constant(self, name: str, value: Any) -> str:
        name = f"splitdet/{name}"
        kind = np.int64 if np.asarray(value).dtype.kind == "i" else np.float32
        tensor = self._to_tensor(np.asarray(value, kind), name)
        return self._node("Constant", [], name, value=tensor)

    def _node(self, operation: str, inputs: Sequence[str], output: str, **options: Any) -> str:
        make = self._helper.make_node
        self._nodes.append(make(operation, list(inputs), [output], name=output, **options))
        return output
