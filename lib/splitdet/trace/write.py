"""A trace of a run, in the Trace Event Format, for Perfetto and Chrome.

    {"otherData": {..the run..},
     "traceEvents": [
      {"ph": "M", "name": "thread_name", "pid": 1, "tid": 3000, "args": {"name": "accelerator"}, ..},
      {"ph": "X", "name": "accelerator", "pid": 1, "tid": 3000, "ts": 12.5, "dur": 3100.0,
       "args": {"frame": 0}, ..}
     ]}

A complete event (ph X) is the time that one thread worked on one batch: `ts` and `dur` are
microseconds since the trace began, by `time.perf_counter()`. Every thread of a stage is a track.
The format: "Trace Event Format" of the Chromium project, sections "Complete Events" and
"Metadata Events".
"""

from __future__ import annotations

import io
import json
import time
from typing import Any, Dict, List, Mapping, Set, Tuple

from splitdet.errors import SinkError
from splitdet.pipeline.meter import READ
from splitdet.pipeline.pipeline import SOURCE
from splitdet.sinks.files import make_folder, writing
from splitdet.types import Batch

PROCESS = 1
TRACKS_PER_STAGE = 1000  # numbers of tracks leave room for so many threads of a stage
_END = b"\n]}\n"


class TraceWriter:
    """Writes a trace while the run goes on, in flat memory.

    The file is complete JSON after each batch, so whatever ends the process leaves a trace that
    can be read.

    Args:
        path: the file; it is written over.
        about: facts on the run, for people and for `splitdet plot`.

    Raises:
        SinkError: the file cannot be made.
    """

    def __init__(self, path: str, about: Mapping[str, Any]) -> None:
        self.path = path
        self._began_s = time.perf_counter()
        self._tracks: Set[int] = set()
        make_folder(path)
        with writing(path):
            self._file = io.FileIO(path, "w")  # without a buffer: one write a batch
        head = '{"displayTimeUnit": "ms", "otherData": ' + json.dumps(about) + ',\n"traceEvents": [\n'
        self._length = 0
        self._append(head + json.dumps(_named("process_name", 0, name="splitdet")))

    def batch_done(self, batch: Batch) -> None:
        """Add what was done for a finished batch: reading each frame, and every stage.

        Raises:
            SinkError: the file cannot be written.
        """
        events: List[Dict[str, Any]] = []
        for frame in batch.frames:
            span_s = (frame.captured_s - frame.read_s, frame.captured_s)
            events += self._span(READ, TRACKS_PER_STAGE, SOURCE, span_s, [frame.index])
        indices = [frame.index for frame in batch.frames]
        for position, (stage, span_s) in enumerate(batch.spans_s.items(), 2):
            thread = batch.threads.get(stage, 0)
            track = position * TRACKS_PER_STAGE + thread
            name = f"{stage} {thread + 1}" if thread else stage
            events += self._span(stage, track, name, span_s, indices)
        self._append("".join(",\n" + json.dumps(event) for event in events))
        self._tracks.update(event["tid"] for event in events)

    def _span(
        self, stage: str, track: int, track_name: str, span_s: Tuple[float, float], frames: List[int]
    ) -> List[Dict[str, Any]]:
        """One complete event, behind what names its track if that is new."""
        events: List[Dict[str, Any]] = []
        if track not in self._tracks:
            events.append(_named("thread_name", track, name=track_name))
            events.append(_named("thread_sort_index", track, sort_index=track))
        args: Dict[str, Any] = {"frame": frames[0]}
        if len(frames) > 1:
            args["frames"] = frames
        begin_us, end_us = (round(1e6 * (time_s - self._began_s), 3) for time_s in span_s)
        times = {"ts": begin_us, "dur": round(end_us - begin_us, 3)}
        where = {"pid": PROCESS, "tid": track}
        events.append({"ph": "X", "name": stage, "cat": "stage", **where, **times, "args": args})
        return events

    def _append(self, text: str) -> None:
        """Write `text` over the end of the file, and the end again behind it, in one go."""
        data = text.encode() + _END
        with writing(self.path):
            self._file.seek(self._length)
            if self._file.write(data) != len(data):  # the disk is full: what was there has room again
                self._file.seek(self._length)
                self._file.write(_END)
                self._file.truncate()
                raise SinkError(f"{self.path}: no space left for the trace")
        self._length += len(data) - len(_END)

    def close(self) -> None:
        """Close the file, which is complete already."""
        self._file.close()


def _named(kind: str, track: int, **args: Any) -> Dict[str, Any]:
    """A metadata event: what a process or a track is called, or where it stands."""
    where = {"pid": PROCESS, "tid": track}
    return {"ph": "M", "name": kind, "cat": "__metadata", **where, "ts": 0, "args": args}
