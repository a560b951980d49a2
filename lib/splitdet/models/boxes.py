"""What all detectors that end with boxes have in common."""

from __future__ import annotations

from typing import Optional

import numpy as np

from splitdet.graph.cut import Port
from splitdet.models.base import Model
from splitdet.models.parts import Parts
from splitdet.models.structure import RESULTS
from splitdet.types import Detections, Selection, Tensors


class BoxModel(Model):
    """Reads boxes, scores and classes; `parts.results` begins with those of `RESULTS`."""

    def __init__(self, parts: Parts, scores: Port) -> None:
        super().__init__(parts)
        self.scores = scores
        """What the last NMS reads, float32 (B, candidates, classes)."""

    @property
    def candidates(self) -> Optional[int]:
        """Boxes that go into the last NMS: the anchors, or the proposals of a first stage."""
        return self.scores.shape[1] if self.scores.shape else None

    @property
    def classes(self) -> Optional[int]:
        """See `Model.classes`."""
        return self.scores.shape[2] if self.scores.shape else None

    def result(self, tensors: Tensors, row: int, selection: Selection) -> Detections:
        """See `Model.result`."""
        boxes, scores, classes, counts = tensors[: len(RESULTS)]
        count = int(counts[row])
        masks = tensors[len(RESULTS)] if len(tensors) > len(RESULTS) else None
        found = Detections(
            np.asarray(boxes[row, :count], np.float32),
            np.asarray(scores[row, :count], np.float32),
            np.asarray(classes[row, :count], np.int64),
            None if masks is None else np.asarray(masks[row, :count], np.float32),
        )
        return selection.of_boxes(found)
