"""The same number for the same thing from frame to frame."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, Dict

import numpy as np

from splitdet.errors import ConfigError
from splitdet.sources.video import FALLBACK_RATE
from splitdet.types import AnyDetections, Batch, Frame

LEAST_IOU = 0.1
"""Of a box with the place where its track is expected; more would lose what moves fast."""
PERIOD_S = 1.0 / FALLBACK_RATE
"""Between pictures that have no times, those of a folder."""
_XYXY = [1, 0, 3, 2]
_NS = 1e9


class Tracker:
    """Numbers what was found in one source, by ByteTrack with a Kalman filter for each track.

    Every detection belongs to a track: it carries on the one that is expected where it is, whatever
    its class, or begins a new one. Frames must come in order.

    ByteTrack: Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box",
    ECCV 2022. It is computed by the package edgefirst-tracker.

    Args:
        memory_s: how long a track waits for what has gone out of sight; seconds.

    Raises:
        ConfigError: edgefirst-tracker is not installed.
    """

    def __init__(self, memory_s: float) -> None:
        if sys.version_info < (3, 8):
            raise ConfigError("track needs Python 3.8 or newer; set track: False")
        try:
            from edgefirst.tracker import ByteTrack
        except ImportError:
            raise ConfigError("track needs a package: pip install 'splitdet[track]'") from None
        # what is reported has passed det_th, so no score is too low to begin a track
        self._tracker: Any = ByteTrack(high_conf=0.0, iou=LEAST_IOU, lifespan_ns=round(memory_s * _NS))
        self._numbers: Dict[str, int] = {}
        self._next = 1
        self._now_s = -PERIOD_S

    def number(self, frame: Frame, found: AnyDetections) -> AnyDetections:
        """What was found in the next frame, with `tracks`: 1, 2, 3, .. as they come."""
        is_later = frame.time_s > self._now_s
        self._now_s = frame.time_s if is_later else self._now_s + PERIOD_S
        tracks = self._tracker.update(
            np.ascontiguousarray(found.boxes[:, _XYXY], np.float32),
            np.ascontiguousarray(found.scores, np.float32),
            found.classes.astype(np.uintp),
            round(self._now_s * _NS),
        )
        numbers = [self._number_of(track.uuid) for track in tracks]
        alive = {track.info.uuid for track in self._tracker.get_active_tracks()}
        self._numbers = {uuid: number for uuid, number in self._numbers.items() if uuid in alive}
        return replace(found, tracks=np.array(numbers, np.int64))

    def _number_of(self, uuid: str) -> int:
        if uuid not in self._numbers:
            self._numbers[uuid] = self._next
            self._next += 1
        return self._numbers[uuid]


class Trackers:
    """A stage that numbers what was found: a `Tracker` for each input, whose numbers begin at 1.

    Args:
        memory_s: see `Tracker`.

    Raises:
        ConfigError: edgefirst-tracker is not installed.
    """

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._trackers = {0: Tracker(memory_s)}

    def __call__(self, batch: Batch) -> None:
        """Number what was found in a batch; batches must come in order."""
        batch.results = [
            self._of(frame.stream).number(frame, found)
            for frame, found in zip(batch.frames, batch.results)
        ]

    def _of(self, stream: int) -> Tracker:
        if stream not in self._trackers:
            self._trackers[stream] = Tracker(self._memory_s)
        return self._trackers[stream]
