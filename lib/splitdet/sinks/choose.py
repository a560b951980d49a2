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
from splitdet.sinks.window import Window, why_no_window
from splitdet.sources.base import Source
from splitdet.sources.images import ImageSource
from splitdet.sources.video import FALLBACK_RATE

log = logging.getLogger(__name__)


def make_sinks(job: Job, source: Source, detector: Detector) -> List[Sink]:
    """What the results are written to; each to a file of its own, none to what is being read.

    Raises:
        SinkError: a place is used twice, or cannot be written to.
    """
    is_images = isinstance(source, ImageSource)
    save = job.save
    if save is None and job.config.save_to_file:
        save = IMAGE_FOLDER if is_images else default_movie_path()
    taken = [os.path.realpath(source.name)]
    for path in (save, job.json, job.summary, job.trace):
        if path and not (is_images and path == save):
            if os.path.realpath(path) in taken:
                raise SinkError(f"{path}: is in use already by this run; write somewhere else")
            taken.append(os.path.realpath(path))
    sinks: List[Sink] = []
    if save and is_images:
        sinks.append(ImageSink(save))
    elif save:
        sinks.append(VideoSink(save, source.frame_rate or FALLBACK_RATE, source.live))
    if job.json:
        sinks.append(JsonSink(job.json, detector.labels))
    return sinks


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
