"""One run from source to sinks, with its console, its summary and its clean end."""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Union

import numpy as np
from tqdm import tqdm

from splitdet.assemble import assemble, is_lossless
from splitdet.config import Config
from splitdet.detector import WARM_UP_SIZE_PX, Detector
from splitdet.errors import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_SKIPPED,
    SinkError,
    SplitdetError,
    StallError,
)
from splitdet.pipeline.meter import Meter, console_line
from splitdet.pipeline.pipeline import Pipeline
from splitdet.sinks.base import Sink
from splitdet.sinks.files import (
    IMAGE_FOLDER,
    ImageSink,
    JsonSink,
    VideoSink,
    default_movie_path,
    write_json,
)
from splitdet.sinks.window import Window, why_no_window
from splitdet.sources.base import Source
from splitdet.sources.choose import open_source
from splitdet.sources.images import ImageSource
from splitdet.sources.video import FALLBACK_RATE
from splitdet.types import Batch
from splitdet.visualize.draw import describe, draw_found, draw_fps

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What to run.

    Args:
        source: see `open_source`.
        save: file or folder for annotated pictures; empty for none, None as config.yml says.
    """

    config: Config
    source: Union[int, str]
    save: Optional[str] = None
    json: str = ""
    summary: str = ""


@dataclass
class Outcome:
    """How a run ended."""

    exit_code: int = EXIT_OK
    summary: Dict[str, Any] = field(default_factory=dict)
    stuck: List[str] = field(default_factory=list)
    """Stages whose threads do not return; the process has to be left without them."""


class Output:
    """The last stage: draws what somebody wants to see, and hands it to the sinks."""

    def __init__(self, detector: Detector, sinks: List[Sink], window: Optional[Window], meter: Meter):
        self._detector = detector
        self._sinks = sinks
        self._window = window
        self._meter = meter
        self._draws = any(sink.needs_picture for sink in sinks)

    def __call__(self, batch: Batch) -> None:
        """Take one finished batch."""
        for frame, found in zip(batch.frames, batch.results):
            show = self._window is not None and self._window.is_due()
            picture: Optional[np.ndarray] = None
            if show or self._draws:
                picture = frame.image.copy()
                draw_found(picture, found, self._detector.labels)
                if self._detector.config.vis_text:
                    draw_fps(picture, self._meter.current_fps)
            if show:
                batch.picture = picture
            for sink in self._sinks:
                sink.write(frame, found, picture)

    @property
    def paths(self) -> List[str]:
        """Where the sinks write to."""
        return [sink.path for sink in self._sinks if sink.path]

    def close(self) -> None:
        """Close all sinks.

        Raises:
            SinkError: the first of those that could not be finished.
        """
        errors: List[SinkError] = []
        for sink in self._sinks:
            try:
                sink.close()
            except SinkError as error:
                errors.append(error)
        if errors:
            raise errors[0]


def run(job: Job) -> Outcome:
    """Run until the source ends, somebody stops it, or something fails.

    Raises:
        SplitdetError: what failed. Everything finished until then has been written.
    """
    began_s = time.perf_counter()
    config = job.config
    _note_unused(config)
    source = open_source(job.source, (config.height, config.width))
    try:
        detector = Detector.from_config(config)
        meter = Meter(config.fps_interval)
        sinks = _make_sinks(job, source, detector)
        detector.warm_up(*(source.size_px or WARM_UP_SIZE_PX))
        log.info(
            "%s (%s, %s) with %s: ready after %.1f s",
            config.model_path,
            detector.model.type_name,
            "split" if detector.split else "not split",
            detector.engine.description,
            time.perf_counter() - began_s,
        )
        window = _make_window(config, detector)
    except BaseException:
        source.close()
        raise
    output = Output(detector, sinks, window, meter)
    return _Run(job, source, detector, meter, output, window).run()


class _Run:
    """The loop of the main thread."""

    def __init__(
        self,
        job: Job,
        source: Source,
        detector: Detector,
        meter: Meter,
        output: Output,
        window: Optional[Window],
    ) -> None:
        self._job = job
        self._source = source
        self._detector = detector
        self._meter = meter
        self._output = output
        self._window = window
        self._bar: Any = None

    def run(self) -> Outcome:
        """See the function `run`."""
        outcome = Outcome()
        error: Optional[SplitdetError] = None
        pipeline = assemble(self._source, self._detector, self._output, self._leave)
        self._bar = tqdm(total=self._total(), unit=" " + self._source.unit, disable=None, leave=False)
        try:
            pipeline.start()
            self._loop(pipeline)
        except KeyboardInterrupt as stop:
            outcome.exit_code = getattr(stop, "exit_code", EXIT_INTERRUPTED)
            log.info("stopped by %s", str(stop) or "Ctrl-C")
        except SplitdetError as failure:
            error = failure
        finally:
            outcome.stuck = pipeline.close()
            self._bar.close()
            try:
                self._close(outcome.stuck)
            except SinkError as failure:
                error = error or failure
        if self._source.skipped and outcome.exit_code == EXIT_OK:
            outcome.exit_code = EXIT_SKIPPED
        outcome.summary = self._summary(pipeline, error)
        try:
            self._report(outcome.summary)
        except SinkError as failure:
            error = error or failure
        if error is not None:
            if outcome.stuck:
                _leave_process(f"error: {error}", error.exit_code)
            raise error
        return outcome

    def _total(self) -> Optional[int]:
        count, limit = self._source.frame_count, self._job.config.max_frames
        return min(count, limit) if count and limit else count or limit or None

    def _loop(self, pipeline: Pipeline) -> None:
        config = self._job.config
        next_line_s = time.perf_counter() + config.fps_interval
        for batch in pipeline:
            self._meter.batch_done(batch)
            self._bar.update(len(batch.frames))
            if self._window is None:
                self._print_detections(batch)
            elif self._show(pipeline, batch):
                return
            if time.perf_counter() >= next_line_s:
                next_line_s += config.fps_interval
                tqdm.write(console_line(self._meter.interval(), config.debug_mode))

    def _show(self, pipeline: Pipeline, batch: Batch) -> bool:
        """Show the batch if it is due; whether the user wants to stop."""
        assert self._window is not None
        with pipeline.working("window"):
            if batch.picture is not None:
                begin_s = time.perf_counter()
                self._window.show(batch.picture)
                self._meter.shown(time.perf_counter() - begin_s)
            return self._window.wants_to_quit()

    def _print_detections(self, batch: Batch) -> None:
        interval = self._job.config.det_interval
        for frame, found in zip(batch.frames, batch.results):
            if interval and frame.index % interval == 0:
                text = describe(found, self._detector.labels)
                tqdm.write(f"{frame.source} {frame.index}: {text}")

    def _leave(self, error: StallError) -> None:
        """The main thread itself is stuck, in the window: nobody else can end the process."""
        self._output.close()
        _leave_process(f"error: {error}", error.exit_code)

    def _close(self, stuck: List[str]) -> None:
        if "output" not in stuck:
            self._output.close()
        if self._window is not None:
            self._window.close()
        if not stuck:
            self._detector.close()

    def _summary(self, pipeline: Pipeline, error: Optional[SplitdetError]) -> Dict[str, Any]:
        return {
            **self._meter.summary(),
            "frames_in": pipeline.inlet.captured,
            "dropped": pipeline.dropped,
            "skipped": [item._asdict() for item in self._source.skipped],
            "source": self._source.name,
            "unit": self._source.unit,
            "model": self._job.config.model_path,
            "model_type": self._detector.model.type_name,
            "split": self._detector.split,
            "policy": "lossless" if is_lossless(self._job.config, self._source) else "latest",
            "engine": self._detector.engine.description,
            "startup_s": {name: round(span, 3) for name, span in self._detector.startup_s.items()},
            "error": str(error) if error else None,
        }

    def _report(self, summary: Dict[str, Any]) -> None:
        print(format_summary(summary), file=sys.stdout, flush=True)
        for path in self._output.paths if summary["frames_out"] else []:
            print(f"written     {path}", flush=True)
        if self._job.summary:
            write_json(self._job.summary, summary)


def format_summary(summary: Dict[str, Any]) -> str:
    """The summary for people."""
    dropped = ", ".join(f"{n} {reason}" for reason, n in summary["dropped"].items())
    lines = [
        "{unit:<11} {frames_in} in, {frames_out} out, dropped: {drops}; skipped: {skips}".format(
            drops=dropped or "none", skips=len(summary["skipped"]), **summary
        ),
        "rate        {fps:.1f} {unit} per second over {elapsed_s:.2f} s".format(**summary),
        "latency ms  " + _times(summary["latency_ms"]),
    ]
    lines += [f"  {name:<9} {_times(ms)}" for name, ms in summary["stages_ms"].items()]
    return "\n".join(lines)


def _times(figures: Dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.2f}" for name, value in figures.items())


def _make_sinks(job: Job, source: Source, detector: Detector) -> List[Sink]:
    """What the results are written to; each to a file of its own, none to what is being read."""
    is_images = isinstance(source, ImageSource)
    save = job.save
    if save is None and job.config.save_to_file:
        save = IMAGE_FOLDER if is_images else default_movie_path()
    taken = [os.path.realpath(source.name)]
    for path in (save, job.json, job.summary):
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


def _make_window(config: Config, detector: Detector) -> Optional[Window]:
    if not config.visualize:
        return None
    reason = why_no_window()
    if reason:
        log.warning("no window: %s", reason)
        return None
    title = f"{os.path.basename(config.model_path)} | {detector.engine.description}"
    return Window(title, config.max_vis_fps)


def _note_unused(config: Config) -> None:
    """Say which settings of old files do nothing here."""
    if config.vis_worker:
        log.warning("vis_worker: the window is drawn by the main process in this version")


def _leave_process(message: str, exit_code: int) -> None:
    """End without waiting for threads that do not return."""
    print(message, file=sys.stderr, flush=True)
    os._exit(exit_code)
