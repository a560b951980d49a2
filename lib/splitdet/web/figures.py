"""The figures of a run as the page shows them."""

from __future__ import annotations

from typing import Any, Dict

from splitdet.addresses import printable, without_password
from splitdet.detector import Detector
from splitdet.pipeline.meter import Meter


class Figures:
    """What a run does right now.

    Args:
        source: what its frames come from, for people.
    """

    def __init__(self, detector: Detector, meter: Meter, source: str) -> None:
        self.meter = meter
        self.threshold = detector.threshold
        self.run = {
            "source": printable(without_password(source)),
            "model": printable(detector.config.model_path),
            "model_type": detector.model.type_name,
            "engine": detector.engine.description,
            "split": detector.split,
        }
        """What does not change."""
        self.streams = 0
        """Streams of pictures and of detections that are open."""

    @property
    def state(self) -> str:
        """`starting` until the first frame is finished, then `running`."""
        return "running" if self.meter.frames_out else "starting"

    def now(self) -> Dict[str, Any]:
        """The figures; `fps`, `latency_ms` and `stages_ms` (means) are those of the last seconds."""
        recent = self.meter.recent()
        # in this order: a frame that moves on meanwhile is then never counted twice
        out, dropped, came = self.meter.frames_out, self.meter.dropped, self.meter.frames_in
        return {
            **self.run,
            "state": self.state,
            "fps": round(recent.frames / recent.seconds, 2) if recent.seconds else 0.0,
            "latency_ms": _ms(recent.total_s),
            "stages_ms": {name: _ms(span_s) for name, span_s in recent.spans_s.items()},
            "waiting_ms": _ms(recent.lost_s),
            "frames_in": came,
            "frames_out": out,
            "dropped": dropped,
            "elapsed_s": round(self.meter.elapsed_s, 1),
            "streams": self.streams,
            "threshold": self.threshold.score,
        }


def _ms(span_s: float) -> float:
    return round(1000 * span_s, 2)
