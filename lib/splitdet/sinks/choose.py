"""Which sinks a run has."""

from __future__ import annotations

import logging
import os
from typing import List, Optional, Set, Tuple

from splitdet.config import Config
from splitdet.detector import Detector
from splitdet.errors import SinkError, SplitdetError
from splitdet.events.sink import EventSink
from splitdet.job import Job
from splitdet.pipeline.meter import Meter
from splitdet.processes.ring import NoRoom
from splitdet.processes.window import WITHOUT, WindowWorker
from splitdet.sinks.base import Sink, Viewer
from splitdet.sinks.coco import CocoSink
from splitdet.sinks.crops import CropSink
from splitdet.sinks.csv_rows import CsvSink
from splitdet.sinks.json_lines import JsonSink
from splitdet.sinks.pictures import IMAGE_FOLDER, ImageSink
from splitdet.sinks.raw import RawSink
from splitdet.sinks.video import VideoSink, default_movie_path
from splitdet.sinks.window import Window, why_no_window
from splitdet.sources.base import Source
from splitdet.sources.images import ImageSource
from splitdet.sources.video import FALLBACK_RATE
from splitdet.visualize.painter import Painter

log = logging.getLogger(__name__)


def make_sinks(job: Job, source: Source, detector: Detector, meter: Meter) -> List[Sink]:
    """What the results are written to; each to a place of its own, none to what is being read.

    Raises:
        SinkError: a place is used twice, or cannot be written to.
        ConfigError: the web view may not be reached by others like this.
    """
    save = job.save
    if save is None and job.config.save_to_file:
        save = IMAGE_FOLDER if isinstance(source, ImageSource) else default_movie_path()
    _check_places(source, save or "", job)
    sinks: List[Sink] = []
    if save:
        sinks.append(_picture_sink(save, job, source))
    if job.raw:
        sinks.append(RawSink(_picture_sink(job.raw, job, source)))
    if job.json:
        sinks.append(JsonSink(job.json, detector.labels, job.config.json_box_px))
    if job.csv:
        sinks.append(CsvSink(job.csv, detector.labels))
    if job.coco:
        sinks.append(CocoSink(job.coco))
    if job.crops:
        sinks.append(CropSink(job.crops, detector.labels))
    if job.config.events:
        sinks.append(EventSink(job.config, detector.labels))
    if job.config.web:
        sinks.append(_web_view(job.config, detector, meter, source))
    return sinks


def _web_view(config: Config, detector: Detector, meter: Meter, source: Source) -> Sink:
    try:
        from splitdet.web.sink import WebSink
    except ImportError as error:
        package = str(error.name).partition(".")[0]
        raise SinkError(f"web: {package} is not installed: pip install 'splitdet[web]'") from None
    return WebSink(config, detector, meter, source.name)


def _picture_sink(path: str, job: Job, source: Source) -> Sink:
    """What writes pictures of the kind that the source gives."""
    if isinstance(source, ImageSource):
        return ImageSink(path)
    rate = source.frame_rate or FALLBACK_RATE
    return VideoSink(path, rate, source.live, job.config.video_codec)


def _check_places(source: Source, save: str, job: Job) -> None:
    """Raise SinkError where two would write to one place, or one to what is read."""
    read = os.path.realpath(source.name)
    taken: Set[str] = set()
    places = [save, job.raw, job.json, job.csv, job.coco, job.crops, job.summary, job.trace]
    for path in filter(None, [*places, job.config.event_log]):
        place = os.path.realpath(path)
        # a tree of pictures may begin in the folder that is read: `ImageSink` looks at each file
        may_be_read = isinstance(source, ImageSource) and path in (save, job.raw)
        if place in taken or (place == read and not may_be_read):
            raise SinkError(f"{path}: is in use already by this run; write somewhere else")
        taken.add(place)


def make_viewer(
    job: Job,
    detector: Detector,
    painter: Painter,
    meter: Meter,
    size_px: Optional[Tuple[int, int]] = None,
) -> Optional[Viewer]:
    """What shows the results on this machine's screen, if anything does.

    Args:
        size_px: height and width of the frames; None where it is not known.
    """
    config = job.config
    if not config.visualize:
        return None
    reason = why_no_window()
    if reason:
        log.warning("no window: %s", reason)
        return None
    title = f"{os.path.basename(config.model_path)} | {detector.engine.description}"
    shared = (config.max_vis_fps, config.vis_text, lambda: meter.current_fps)
    if config.vis_worker:
        required = config.vis_worker_required
        try:
            return WindowWorker(title, painter, *shared, detector.threshold, size_px, required)
        except NoRoom as error:
            log.warning("vis_worker: %s; the main process draws the window", error)
        except SplitdetError as error:
            if required:
                raise
            log.warning(WITHOUT, error)
            return None
    return Window(title, painter.paint, *shared, detector.threshold.step)
