"""Single-shot detectors in ONNX, as the training scripts of jetson-inference (pytorch-ssd) export them.

    input_0  float32 (B, 3, H, W), RGB, (pixel - 127) / 128
    scores   float32 (B, N, C), softmax, background first
    boxes    float32 (B, N, 4), already decoded: x1, y1, x2, y2, 0..1 of the frame

The NMS is not in the file; here it does what pytorch-ssd does. A file says none of this but the
shapes, so the names decide.
"""

from __future__ import annotations

from typing import ClassVar, Dict, Optional, Sequence, Tuple

import cv2
import numpy as np

from splitdet.errors import CutError
from splitdet.graph.cut import Port
from splitdet.graph.onnx_file import OnnxFile, OnnxTensor, opset
from splitdet.graph.tensors import FLOAT32
from splitdet.models.base import Model, rgb
from splitdet.models.boxes import BoxModel
from splitdet.models.onnx_parts import (
    BOXES,
    CORNERS,
    FOREGROUND,
    INPUT,
    OLDEST_OPSET,
    RESIZED,
    SCORES,
    OnnxParts,
    Sizes,
)
from splitdet.models.parts import Parts

LABELS_FILE = "labels.txt"


class OnnxSsd(BoxModel):
    """An SSD of jetson-inference."""

    type_name: ClassVar[str] = "onnx_ssd"
    resizes_like_tensorflow: ClassVar[bool] = False

    def __init__(self, parts: Parts, scores: Port, size_px: Tuple[int, int], labels: str) -> None:
        super().__init__(parts, scores)
        self._size_px = size_px
        self._labels = labels

    @classmethod
    def examine(cls, structure: OnnxFile) -> Model:
        """See `Model.examine`."""
        batch, height, width = _input_shape(structure)
        scores = _output(structure, SCORES)
        boxes = _output(structure, BOXES)
        count, classes = _row(scores)
        if classes is None or classes < 2 or _row(boxes) != (count, 4):
            raise CutError(
                "its scores must be [BxNxC], background first, and its boxes [BxNx4]; "
                f"it gives {scores} and {boxes}"
            )
        version = opset(structure.model)
        if version < OLDEST_OPSET:
            raise CutError(f"its opset must be at least {OLDEST_OPSET}, and is {version}")
        shapes: Dict[str, Sizes] = {
            RESIZED: (batch, height, width, 3),
            FOREGROUND: (batch, count, classes - 1),
            CORNERS: (batch, count, 1, 4),
        }
        parts = OnnxParts(
            image=_port(structure.inputs[0], "image"),
            network_input=_port(structure.inputs[0], "input"),
            resized=Port(RESIZED, "resized", FLOAT32, shapes[RESIZED]),
            cut=(_port(scores, "scores"), _port(boxes, "boxes")),
            results=(),
            cpu_scopes=(),
            file=structure,
            shapes=shapes,
        )
        labels = structure.path.with_name(LABELS_FILE)
        return cls(parts, parts.cut[0], (height, width), str(labels) if labels.is_file() else "")

    @property
    def anchors(self) -> Optional[int]:
        """See `Model.anchors`."""
        return self.candidates

    @property
    def classes(self) -> Optional[int]:
        """See `Model.classes`."""
        with_background = super().classes
        return None if with_background is None else with_background - 1

    @property
    def input_size_px(self) -> Optional[Tuple[int, int]]:
        """See `Model.input_size_px`."""
        return self._size_px

    @property
    def default_labels(self) -> str:
        """See `Model.default_labels`: labels.txt beside the file."""
        return self._labels

    def resize(self, images: Sequence[np.ndarray], size_px: Tuple[int, int]) -> np.ndarray:
        """See `Model.resize`; by OpenCV, bilinear in whole grey levels, as in training."""
        height, width = size_px
        batch = np.empty((len(images), height, width, 3), np.float32)
        for image, out in zip(images, batch):
            np.copyto(out, rgb(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)))
        return batch


def _input_shape(file: OnnxFile) -> Tuple[Optional[int], int, int]:
    """Batch, 1 or None where it varies; height and width."""
    found = [(tensor.name, tensor.kind, len(tensor.shape)) for tensor in file.inputs]
    if found == [(INPUT, "float", 4)]:
        batch, channels, height, width = file.inputs[0].shape
        if batch in (None, 1) and channels == 3 and height and width:
            return batch, height, width
    raise CutError(
        f"it must take {INPUT} float [1x3xHxW], for one frame or any number of them; it takes "
        + _listed(file.inputs)
    )


def _output(file: OnnxFile, name: str) -> OnnxTensor:
    for tensor in file.outputs:
        if tensor.name == name and tensor.kind == "float":
            return tensor
    raise CutError(
        f"its outputs must be {SCORES} and {BOXES}, both float; it gives {_listed(file.outputs)}"
    )


def _listed(tensors: Sequence[OnnxTensor]) -> str:
    return ", ".join(map(str, tensors)) or "none"


def _row(tensor: OnnxTensor) -> Tuple[Optional[int], Optional[int]]:
    """What one frame has: rows and columns."""
    return (tensor.shape[1], tensor.shape[2]) if len(tensor.shape) == 3 else (None, None)


def _port(tensor: OnnxTensor, role: str) -> Port:
    return Port(tensor.name, role, FLOAT32, tensor.shape)
