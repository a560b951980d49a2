"""Model types: what the tensors of a graph mean. One strategy class each; `MODELS` names them all."""

from __future__ import annotations

from typing import Dict, List, Type

from splitdet.errors import CutError, ModelError
from splitdet.graph.graph import Graph
from splitdet.models.base import Model
from splitdet.models.ssd import NmsV0, NmsV1, NmsV2

MODELS: Dict[str, Type[Model]] = {
    "nms_v0": NmsV0,
    "nms_v1": NmsV1,
    "nms_v2": NmsV2,
}
PLANNED = ("faster_v2", "mask_v1", "deeplab_v3", "trt_v1")
AUTO = "auto"


def identify(graph: Graph, model_type: str = AUTO) -> Model:
    """The model in `graph`.

    Args:
        model_type: a key of `MODELS`, or `auto` to find out.

    Raises:
        CutError: the graph is of another type than asked for, or of none that is known; the
            message says what it is, or which rule failed.
        ModelError: there is no such type.
    """
    if model_type in PLANNED:
        raise ModelError(
            "model_type {} is not in this version; it has {}".format(model_type, ", ".join(MODELS))
        )
    failures: List[str] = []
    for name, strategy in MODELS.items():
        try:
            found = strategy.examine(graph)
        except CutError as error:
            failures.append(f"{error}")
            continue
        if model_type not in (AUTO, name):
            raise CutError(
                f"model_type is {model_type}, but the graph is {name}; set model_type: {name} or auto"
            )
        return found
    raise CutError("not a detection graph that splitdet knows: " + failures[-1])
