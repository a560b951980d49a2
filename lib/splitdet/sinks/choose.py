"""Which sinks a run has."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from typing import List, Optional, Set, Tuple

from splitdet.addresses import printable
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
from splitdet.sinks.files import check_writable
from splitdet.sinks.json_lines import JsonSink
from splitdet.sinks.pictures import IMAGE_FOLDER, ImageSink
from splitdet.sinks.raw import RawSink
from splitdet.sinks.routed import each_its_own
from splitdet.sinks.send import open_sender
from splitdet.sinks.video import VideoSink, default_movie_path
from splitdet.sinks.window import Window, has_screen, why_no_window
from splitdet.sources.base import Source
from splitdet.sources.video import FALLBACK_RATE
from splitdet.visualize.painter import Painter

log = logging.getLogger(__name__)


def make_sinks(
    job: Job, source: Source, detector: Detector, painter: Painter, meter: Meter
) -> List[Sink]:
    """What the results are written to; each to a place of its own, none to what is being read.

    Raises:
        SinkError: a place is used twice, or cannot be written to.
        ConfigError: the web view may not be reached by others like this.
    """
    inputs = source.parts
    save = job.save
    if save is None and job.config.save_to_file:
        save = IMAGE_FOLDER if inputs[0].keeps_files else default_movie_path()
    _check_places(source, save or "", job)
    if job.summary:
        check_writable(job.summary)
    several = len(inputs) > 1
    with ExitStack() as made:  # closed if what comes after cannot be made

        def opened(sink: Sink) -> Sink:
            made.callback(sink.close)
            return sink

        # opened before files of an earlier run are emptied, but told of what those have
        told: List[Sink] = []
        for place in job.send:
            told.append(opened(_sender(place, job.config, source)))
        if job.config.events:
            stills = [part.keeps_files for part in inputs]
            told.append(opened(EventSink(job.config, detector.labels, stills)))
        if job.config.web:
            told.append(opened(_web_view(job.config, detector, painter, meter, source)))
        files: List[Sink] = []
        if save:
            files.append(opened(_picture_sink(save, job, source)))
        if job.raw:
            files.append(opened(RawSink(_picture_sink(job.raw, job, source))))
        if job.json:
            files.append(opened(JsonSink(job.json, detector.labels, job.config.json_box_px, several)))
        if job.csv:
            files.append(opened(CsvSink(job.csv, detector.labels)))
        if job.coco:
            files.append(opened(CocoSink(job.coco, several)))
        if job.crops:
            files.append(opened(CropSink(job.crops, detector.labels, several)))
        made.pop_all()
    return [*files, *told]


def _sender(place: str, config: Config, source: Source) -> Sink:
    """What sends pictures to a place, for each input to one of its own."""
    parts = source.parts
    return each_its_own(
        open_sender(place, config, _rate(part), part.live, stream, len(parts))
        for stream, part in enumerate(parts)
    )


def _web_view(
    config: Config, detector: Detector, painter: Painter, meter: Meter, source: Source
) -> Sink:
    try:
        from splitdet.web.sink import WebSink
    except ImportError as error:
        package = str(error.name).partition(".")[0]
        raise SinkError(f"web: {package} is not installed: pip install 'splitdet[web]'") from None
    return WebSink(config, detector, painter, meter, source.name)


def _picture_sink(path: str, job: Job, source: Source) -> Sink:
    """What writes pictures of the kind that the source gives; a video for each input of its own."""
    codec = job.config.video_codec
    return each_its_own(
        ImageSink(path) if part.keeps_files else VideoSink(place, _rate(part), part.live, codec)
        for part, place in zip(source.parts, _places(path, source))
    )


def _places(path: str, source: Source) -> List[str]:
    """Where each input is written to: videos of several have the number of the input in their names."""
    if len(source.parts) == 1:
        return [path]
    stem, suffix = os.path.splitext(path)
    return [
        path if part.keeps_files else f"{stem}_{stream}{suffix}"
        for stream, part in enumerate(source.parts)
    ]


def _rate(part: Source) -> float:
    return part.frame_rate or FALLBACK_RATE


def _check_places(source: Source, save: str, job: Job) -> None:
    """Raise SinkError where two would write to one place, or one to what is read."""
    read = {os.path.realpath(part.name) for part in source.parts}
    trees = (save, job.raw) if source.parts[0].keeps_files else ()
    pictures = [place for path in (save, job.raw) if path for place in set(_places(path, source))]
    others = [job.json, job.csv, job.coco, job.crops, job.summary, job.trace, job.config.event_log]
    taken: Set[str] = set()
    for path in [*pictures, *filter(None, others)]:
        place = os.path.realpath(path)
        # a tree of pictures may begin in the folder that is read: `ImageSink` looks at each file
        if place in taken or (place in read and path not in trees):
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
        # where there is no screen nobody expects one
        log.log(logging.WARNING if has_screen() else logging.INFO, "no window: %s", reason)
        return None
    title = printable(f"{os.path.basename(config.model_path)} | {detector.engine.description}")
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
