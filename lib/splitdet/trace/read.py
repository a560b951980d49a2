"""A trace that was written, as spans and the figures that follow from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple, Union

from splitdet.errors import SourceError
from splitdet.pipeline.meter import READ


class Span(NamedTuple):
    """The time that one thread worked on one batch."""

    track: str
    """Name of the thread."""
    stage: str
    frame: int
    """Index of the first frame of the batch."""
    begin_s: float
    """Since the trace began; seconds."""
    end_s: float


@dataclass(frozen=True)
class Recording:
    """A trace as `TraceWriter` writes it."""

    about: Dict[str, Any]
    """Facts on the run."""
    tracks: Sequence[str]
    """Names of the threads, from the source to the end."""
    spans: Sequence[Span]
    """In the order in which they began."""

    @property
    def begin_s(self) -> float:
        """When the first frame began to be read."""
        return min(span.begin_s for span in self.spans)

    @property
    def end_s(self) -> float:
        """When the last stage ended."""
        return max(span.end_s for span in self.spans)

    @property
    def fps(self) -> float:
        """Frames per second from the reading of the first to the end of the last."""
        frames = sum(span.stage == READ for span in self.spans)  # one a frame; each input counts from 0
        return frames / max(1e-9, self.end_s - self.begin_s)

    def overlap(self, one: str, other: str) -> float:
        """Share of the time, 0..1, in which stages `one` and `other` are both at work."""
        edges: List[Tuple[float, int, int]] = []
        for span in self.spans:
            if span.stage in (one, other):
                which = int(span.stage == other)
                edges += [(span.begin_s, 1, which), (span.end_s, -1, which)]
        at_work, both_s, before_s = [0, 0], 0.0, 0.0
        for now_s, change, which in sorted(edges):
            both_s += (now_s - before_s) * (min(at_work) > 0)
            at_work[which] += change
            before_s = now_s
        return both_s / max(1e-9, self.end_s - self.begin_s)


def read_trace(path: Union[str, Path]) -> Recording:
    """Read a trace.

    Raises:
        SourceError: no such file, or no trace of a run.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        events = content["traceEvents"]
        names = {
            event["tid"]: str(event["args"]["name"])
            for event in events
            if event["ph"] == "M" and event["name"] == "thread_name"
        }
        spans = [
            Span(
                track=names[event["tid"]],
                stage=event["name"],
                frame=event["args"]["frame"],
                begin_s=event["ts"] / 1e6,
                end_s=(event["ts"] + event["dur"]) / 1e6,
            )
            for event in events
            if event["ph"] == "X"
        ]
        about = dict(content["otherData"])
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SourceError(f"{path}: not a trace that 'splitdet run --trace' wrote") from None
    if not any(span.stage == READ for span in spans):
        raise SourceError(f"{path}: no frame in this trace")
    spans.sort(key=lambda span: span.begin_s)
    return Recording(about, [names[track] for track in sorted(names)], spans)
