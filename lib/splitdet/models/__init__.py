"""Model types: what the tensors of a file mean. One strategy class each; `MODELS` names them all."""

from __future__ import annotations

from typing import Dict, Type, Union

from splitdet.errors import CutError, one_line
from splitdet.graph.graph import Graph
from splitdet.graph.onnx_file import OnnxFile
from splitdet.models.base import Model
from splitdet.models.onnx_ssd import OnnxSsd
from splitdet.models.segmenter import RESULT, DeeplabV3
from splitdet.models.ssd import NmsV0, NmsV1, NmsV2, generation
from splitdet.models.structure import NMS_OPS, Structure
from splitdet.models.two_stage import MASKS, FasterV2, MaskV1
from splitdet.models.walk import UNEXPECTED

MODELS: Dict[str, Type[Model]] = {
    "nms_v0": NmsV0,
    "nms_v1": NmsV1,
    "nms_v2": NmsV2,
    "faster_v2": FasterV2,
    "mask_v1": MaskV1,
    "deeplab_v3": DeeplabV3,
    "onnx_ssd": OnnxSsd,
}
SSD_TYPES = (NmsV0.type_name, NmsV1.type_name, NmsV2.type_name, OnnxSsd.type_name)
TRT_V1 = "trt_v1"
"""Any single-shot detector, whose network then runs by TensorRT."""
AUTO = "auto"


def identify(file: Union[Graph, OnnxFile], model_type: str = AUTO) -> Model:
    """The model in a file.

    Args:
        model_type: a key of `MODELS`, `trt_v1`, or `auto` to find out.

    Raises:
        CutError: the file is of another type than asked for, or of none that is known; the
            message says what it is, or what it comes closest to and which rule failed.
    """
    structure: Union[Structure, OnnxFile]
    if isinstance(file, Graph):
        structure = Structure(file)
        closest, what = closest_type(structure), "a graph"
    else:
        structure, closest, what = file, OnnxSsd.type_name, "an ONNX file"
    try:
        found = MODELS[closest].examine(structure)
    except (CutError, *UNEXPECTED) as error:
        is_told = isinstance(error, CutError)
        reason = str(error) if is_told else f"it is put together in another way ({one_line(error)})"
        raise CutError(
            f"not {what} that splitdet knows; it is closest to {closest}, but {reason}"
        ) from None
    if model_type == TRT_V1 and closest in SSD_TYPES:
        return found
    if model_type not in (AUTO, closest):
        raise CutError(
            f"model_type is {model_type}, but the {what.partition(' ')[2]} is {closest}; "
            f"set model_type: {closest} or auto"
        )
    return found


def closest_type(structure: Structure) -> str:
    """The type that a graph has most in common with, judged by its operations."""
    if structure.has("CropAndResize"):
        masks = structure.result(MASKS) is not None
        return MaskV1.type_name if masks else FasterV2.type_name
    if structure.has(*NMS_OPS):
        return generation(structure)
    if structure.result(RESULT) is not None or structure.has("ArgMax"):
        return DeeplabV3.type_name
    return NmsV2.type_name
