"""Two-stage detectors: a network proposes regions, a second one looks at each.

They suppress twice: the proposals of the first stage, and the boxes of the second. Faster R-CNN
is cut before the second suppression. Mask R-CNN goes on from there: its masks are computed for
the boxes that were kept, by a third network that wants the accelerator again, so it is not cut;
several frames run side by side instead.
"""

from __future__ import annotations

from typing import ClassVar, Tuple

from splitdet.errors import CutError
from splitdet.models.base import Model
from splitdet.models.boxes import BoxModel
from splitdet.models.parts import GraphParts
from splitdet.models.structure import RESULTS, Structure

MASKS = "detection_masks"


class TwoStageModel(BoxModel):
    """What both types share: where they suppress."""

    is_split: ClassVar[bool]
    result_names: ClassVar[Tuple[str, ...]]

    @classmethod
    def examine(cls, structure: Structure) -> Model:
        """See `Model.examine`."""
        image = structure.image()
        results = structure.results(cls.result_names)
        scopes = structure.nms_scopes()
        if len(scopes) != 2:
            raise CutError(
                "it crops regions, so it must suppress in two places, but does so in {} ({})".format(
                    len(scopes), ", ".join(scopes) or "none"
                )
            )
        entering = structure.nms_cut(scopes[1])
        parts = GraphParts(
            graph=structure.graph,
            image=image,
            network_input=structure.network_input(),
            resized=None,
            cut=entering if cls.is_split else (),
            results=results,
            cpu_scopes=tuple(scopes),
        )
        return cls(parts, entering[0])


class FasterV2(TwoStageModel):
    """Faster R-CNN.

    The cut is what enters the second suppression: scores, boxes, the window that boxes are clipped
    to, and how many proposals there are.
    """

    type_name: ClassVar[str] = "faster_v2"
    is_split: ClassVar[bool] = True
    result_names: ClassVar[Tuple[str, ...]] = RESULTS


class MaskV1(TwoStageModel):
    """Mask R-CNN: boxes, and a mask in each."""

    type_name: ClassVar[str] = "mask_v1"
    feeders_key: ClassVar[str] = "worker_threads"
    is_split: ClassVar[bool] = False
    result_names: ClassVar[Tuple[str, ...]] = (*RESULTS, MASKS)
