"""A detector's NMS outside its graph: from the tensors of the cut to detections."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from splitdet.models.nms_settings import Habits
from splitdet.models.parts import Parts
from splitdet.nms import NmsSettings, Ties, suppress
from splitdet.types import Detections, Tensors


class FastNms:
    """Does in numpy what comes behind the cut of a detector.

    Args:
        like: see `Parts.nms_settings`.
        is_rounded: scores are rounded, so that many are equal by chance. They go by their index then,
            whatever the order that the graph itself leaves open.
        score_threshold: a lower one than the graph's; 0: the graph's.

    Raises:
        CutError: the graph's NMS does something else.
        EngineError: TensorFlow's habits are wanted, but it does not load.
    """

    def __init__(
        self,
        parts: Parts,
        like: Optional[Habits] = None,
        score_threshold: float = 0.0,
        is_rounded: bool = False,
    ) -> None:
        self.settings = _lowered(parts.nms_settings(like), score_threshold)
        if is_rounded:
            self.settings = replace(self.settings, ties=Ties.BY_INDEX)
        self._positions = {port.role: position for position, port in enumerate(parts.cut)}

    def find(self, tensors: Tensors, row: int, at_least: float = 0.0) -> Optional[Detections]:
        """What is found in frame `row` of the batch; None where only the graph itself can tell.

        Args:
            tensors: one array for each port of the cut, first axis: the frames of the batch.
            at_least: least score that is wanted; see `nms.suppress`.
        """
        of_role = {role: tensors[position] for role, position in self._positions.items()}
        window = of_role.get("window")
        return suppress(
            of_role["boxes"][row],
            of_role["scores"][row],
            # one for each frame, or one for all
            window[row] if window is not None and window.ndim > 1 else window,
            self.settings,
            at_least,
            int(of_role["count"][row]) if "count" in of_role else None,
        )


def _lowered(settings: NmsSettings, score_threshold: float) -> NmsSettings:
    """The same, down to a lower score than the graph's.

    The graph itself can then decide no frame any more, as it does not know these scores. So what it
    leaves open is decided here: equal scores go by class and row, and numbers that are none are
    dropped.
    """
    if not 0 < score_threshold < settings.score_threshold:
        return settings
    return replace(
        settings,
        score_threshold=score_threshold,
        ties=Ties.BY_INDEX,
        drops_unusual=True,
        repeats_flat=False,
    )
