"""Which sinks a run has."""

from __future__ import annotations

import logging
import os
from typing import List, Optional

from splitdet.config import Config
from splitdet.detector import Detector
from splitdet.errors import SinkError
from splitdet.job import Job
from splitdet.sinks.base import Sink, Viewer
from splitdet.sinks.files import IMAGE_FOLDER, ImageSink, JsonSink, VideoSink, default_movie_path
from splitdet.sinks.routed import Routed
from splitdet.sinks.send import open_sender
from splitdet.sinks.window import Window, why_no_window
from splitdet.sources.base import Source
from splitdet.sources.video import FALLBACK_RATE

log = logging.getLogger(__name__)


def make_sinks(job: Job, source: Source, detector: Detector) -> List[Sink]:
    """What the results are written to; each to a file of its own, none to what is being read.

    Raises:
        SinkError: a place is used twice, or cannot be written to.
    """
    saves = [_place(job, part, stream, len(source.parts)) for stream, part in enumerate(source.parts)]
    taken = [os.path.realpath(part.name) for part in source.parts]
    files = [save for save, part in zip(saves, source.parts) if not part.keeps_files]
    for path in [*files, job.json, job.summary]:
        if path:
            if os.path.realpath(path) in taken:
                raise SinkError(f"{path}: is in use already by this run; write somewhere else")
            taken.append(os.path.realpath(path))
    sinks: List[Sink] = []
    savers = [_saver(save, part) for save, part in zip(saves, source.parts) if save]
    if savers:
        sinks.append(savers[0] if len(savers) == 1 else Routed(savers))
    for place in job.send:
        sinks.append(_sender(place, job.config, source))
    if job.json:
        sinks.append(JsonSink(job.json, detector.labels, with_stream=len(saves) > 1))
    return sinks


def _place(job: Job, part: Source, stream: int, count: int) -> str:
    """Where one of `count` inputs is saved; empty for nowhere."""
    place = job.save
    if place is None and job.config.save_to_file:
        place = IMAGE_FOLDER if part.keeps_files else default_movie_path()
    if place and count > 1 and not part.keeps_files:
        stem, suffix = os.path.splitext(place)
        return f"{stem}_{stream}{suffix}"
    return place or ""


def _sender(place: str, config: Config, source: Source) -> Sink:
    count = len(source.parts)
    senders = [
        open_sender(place, config, part.frame_rate or FALLBACK_RATE, part.live, stream, count)
        for stream, part in enumerate(source.parts)
    ]
    return senders[0] if count == 1 else Routed(senders)


def _saver(place: str, part: Source) -> Sink:
    if part.keeps_files:
        return ImageSink(place)
    return VideoSink(place, part.frame_rate or FALLBACK_RATE, part.live)


def make_viewer(config: Config, detector: Detector) -> Optional[Viewer]:
    """What shows the results on this machine's screen, if anything does."""
    if not config.visualize:
        return None
    reason = why_no_window()
    if reason:
        log.warning("no window: %s", reason)
        return None
    title = f"{os.path.basename(config.model_path)} | {detector.engine.description}"
    return Window(title, config.max_vis_fps)
