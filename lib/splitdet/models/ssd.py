"""Single-shot detectors: one network, then class-wise non-maximum suppression (NMS).

The NMS operations share a name scope; the tensors that enter it and depend on the frame are the
cut: the scores, the boxes and, in exports of 2018, the window that boxes are clipped to. Which
tensor the scores are tells the generation of the exporter:

    nms_v0 (2017-06)  a sigmoid; NMS is written out, without a loop over the batch
    nms_v1 (2017-11)  a sigmoid or softmax without background; NMS in a loop over the batch
    nms_v2 (2018)     a slice that takes the background off; NMS in a loop over the batch
"""

from __future__ import annotations

from typing import ClassVar, Optional

from splitdet.errors import CutError
from splitdet.models.base import Model
from splitdet.models.boxes import BoxModel
from splitdet.models.parts import GraphParts
from splitdet.models.structure import NMS_OPS, RESULTS, Structure


class SsdModel(BoxModel):
    """Strategy of the three generations, which differ only in what feeds the NMS."""

    @classmethod
    def examine(cls, structure: Structure) -> Model:
        """See `Model.examine`."""
        image = structure.image()
        results = structure.results(RESULTS)
        scopes = structure.nms_scopes()
        if not scopes:
            raise CutError("it has no non-maximum suppression ({})".format(", ".join(NMS_OPS)))
        if len(scopes) > 1:
            raise CutError("it suppresses in {} places ({})".format(len(scopes), ", ".join(scopes)))
        cut = structure.nms_cut(scopes[0])
        parts = GraphParts(
            graph=structure.graph,
            image=image,
            network_input=structure.network_input(),
            resized=structure.resized(),
            cut=cut,
            results=results,
            cpu_scopes=tuple(scopes),
        )
        return cls(parts, cut[0])

    @property
    def anchors(self) -> Optional[int]:
        """See `Model.anchors`."""
        return self.candidates


class NmsV0(SsdModel):
    """Detectors exported in June 2017."""

    type_name: ClassVar[str] = "nms_v0"


class NmsV1(SsdModel):
    """Detectors exported in November 2017."""

    type_name: ClassVar[str] = "nms_v1"


class NmsV2(SsdModel):
    """Detectors exported in 2018."""

    type_name: ClassVar[str] = "nms_v2"


def generation(structure: Structure) -> str:
    """Name of the type whose NMS is fed like this one's."""
    scope = structure.nms_scopes()[-1]
    graph = structure.graph
    operations = {graph.node(graph.source(name)).op for name in structure.entering(scope)}
    if "Slice" in operations or "StridedSlice" in operations:
        return NmsV2.type_name
    loops = any(node.op == "Enter" for node in graph if node.name.startswith(scope))
    return NmsV1.type_name if loops else NmsV0.type_name
