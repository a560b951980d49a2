"""What a run hands to its web view."""

from __future__ import annotations

from typing import NamedTuple

from splitdet.types import Detections, Frame


class Result(NamedTuple):
    """A frame with what was found in it."""

    frame: Frame
    found: Detections
