"""One run from source to sinks, with its console, its summary and its clean end."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from typing import Any, Dict, Iterator, List, Optional

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
from splitdet.job import Job, Outcome
from splitdet.opencv import on_one_thread
from splitdet.output import Output
from splitdet.pipeline.meter import Meter, console_line
from splitdet.pipeline.pipeline import CLOSE_TIMEOUT_S, Pipeline
from splitdet.signals import END_SIGNALS
from splitdet.sinks.base import EVENTS_S, Viewer
from splitdet.sinks.choose import make_sinks, make_viewer
from splitdet.sinks.files import write_json
from splitdet.sources.base import Source
from splitdet.sources.choose import open_source
from splitdet.trace.write import TraceWriter
from splitdet.types import Batch
from splitdet.visualize.draw import describe
from splitdet.visualize.painter import Painter

TICK_S = 0.25
"""How often the bar moves; and how long Ctrl-C may take on Windows, where nothing else ends a wait."""
MOST_LINES = 1000
"""Lines that wait for a terminal, or whoever reads them, before detection waits as well."""
log = logging.getLogger(__name__)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second signal, of which some programs send two, keep files from being finished.

    What is done in it is bounded in time.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, signal.SIG_IGN) for number in END_SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(END_SIGNALS, before):
            signal.signal(number, handler or signal.SIG_DFL)


@on_one_thread()
def run(job: Job) -> Outcome:
    """Run until the source ends, somebody stops it, or something fails.

    Raises:
        SplitdetError: what failed. Everything finished until then has been written.
    """
    began_s = time.perf_counter()
    config = job.config
    _note_unused(config)
    source = job.source if isinstance(job.source, Source) else open_source(job.source, config)
    with ExitStack() as made:  # closed if what comes after cannot be made
        made.callback(source.close)
        detector = Detector.from_config(config)
        made.callback(detector.close)
        meter = Meter(config.fps_interval, job.warm_up_s)
        painter = Painter(detector.labels, config.roi)
        sinks = make_sinks(job, source, detector, painter, meter)
        for sink in sinks:
            made.callback(sink.close)
        detector.warm_up(*(source.size_px or WARM_UP_SIZE_PX))
        log.info(
            "%s (%s, %s) with %s: ready after %.1f s",
            config.model_path,
            detector.model.type_name,
            "split" if detector.split else "not split",
            detector.engine.description,
            time.perf_counter() - began_s,
        )
        viewer = make_viewer(job, detector, painter, meter, source.size_px)
        if viewer:
            made.callback(viewer.close)
        output = Output(painter, [*sinks, viewer] if viewer else sinks, meter, config.vis_text)
        if len(source.parts) > 1 and any(sink.shows_first for sink in (*sinks, viewer) if sink):
            log.info("of the inputs only %s is shown", source.parts[0].name)
        this_run = _Run(job, source, detector, meter, output, viewer)
        made.pop_all()
    return this_run.run()


class _Run:
    """The loop of the main thread."""

    def __init__(
        self,
        job: Job,
        source: Source,
        detector: Detector,
        meter: Meter,
        output: Output,
        viewer: Optional[Viewer],
    ) -> None:
        self._job = job
        self._source = source
        self._detector = detector
        self._meter = meter
        self._output = output
        self._viewer = viewer
        self._trace = TraceWriter(job.trace, self._facts()) if job.trace else None
        self._pipeline = assemble(source, detector, output, self._leave, self._done)
        self._bar: Any = None
        self._lines: SimpleQueue[str] = SimpleQueue()  # from the output thread to the main thread
        self._finished = [0] * len(source.parts)  # frames of each input

    def run(self) -> Outcome:
        """See the function `run`."""
        outcome = Outcome()
        error: Optional[SplitdetError] = None
        pipeline = self._pipeline
        self._meter.watch(pipeline.inlet)
        self._bar = tqdm(total=self._total(), unit=" " + self._source.unit, disable=None, leave=False)
        with ExitStack() as ending:
            try:
                pipeline.start()
                self._loop(pipeline)
            except KeyboardInterrupt as stop:
                ending.enter_context(_undisturbed())
                outcome.exit_code = getattr(stop, "exit_code", EXIT_INTERRUPTED)
                log.info("stopped by %s", str(stop) or "Ctrl-C")
            except SplitdetError as failure:
                error = failure
            finally:
                ending.enter_context(_undisturbed())
                outcome.stuck = pipeline.close()
                self._bar.close()
                if self._viewer is not None:
                    self._meter.not_shown = self._viewer.not_shown
                try:
                    self._close(outcome.stuck)
                except SinkError as failure:
                    error = error or failure
        if outcome.exit_code == EXIT_OK:
            self._print_lines()
            if self._source.skipped:
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
        """What the main thread does, while others detect: it shows, and tells how it goes."""
        config = self._job.config
        line_due_s = time.perf_counter() + config.fps_interval
        is_over = False
        while not is_over:
            # people move a window and press keys in it while a camera is away, too
            left_s = max(0.0, line_due_s - time.perf_counter())
            is_over = pipeline.wait(min(left_s, EVENTS_S if self._viewer else TICK_S))
            self._bar.update(pipeline.finished - self._bar.n)
            self._print_lines()
            if self._viewer is not None and self._show(pipeline):
                return
            now_s = time.perf_counter()
            if now_s >= line_due_s:
                line_due_s = max(line_due_s, now_s - config.fps_interval) + config.fps_interval
                tqdm.write(console_line(self._meter.interval(), config.debug_mode))

    def _done(self, batch: Batch) -> None:
        """Take note of a finished batch, on the output thread, which never waits for the screen."""
        self._meter.batch_done(batch)
        if self._trace is not None:
            self._trace.batch_done(batch)
        for frame in batch.frames:
            self._finished[frame.stream] += 1
        if self._viewer is None:
            self._tell_detections(batch)
            return
        if self._viewer.has_news:
            self._pipeline.wake()
        if self._waits():
            self._pipeline.hold(True)  # at once; the main thread lets it go on

    def _show(self, pipeline: Pipeline) -> bool:
        """Show what is due; whether the user wants to stop. While a file is paused nothing goes on."""
        assert self._viewer is not None
        while True:
            with pipeline.working("window"):
                begin_s = time.perf_counter()
                shown = self._viewer.refresh()
                for _ in range(shown):
                    self._meter.shown((time.perf_counter() - begin_s) / shown)
                self._meter.not_shown = self._viewer.not_shown
                if self._viewer.wants_to_quit():
                    return True
            waits = self._waits()
            pipeline.hold(waits)
            if pipeline.stopping or not waits:
                return False

    def _waits(self) -> bool:
        """Whether a file is paused."""
        return self._viewer is not None and self._viewer.is_paused() and not self._source.live

    def _tell_detections(self, batch: Batch) -> None:
        """Have the main thread print what was found, every so many frames."""
        interval = self._job.config.det_interval
        for frame, found in zip(batch.frames, batch.results):
            if interval and frame.index % interval == 0:
                text = describe(found, self._detector.labels)
                self._lines.put(f"{frame.source} {frame.index}: {text}")
                self._pipeline.wake()
        if self._lines.qsize() > MOST_LINES:
            self._pipeline.hold(True)

    def _print_lines(self) -> None:
        """Print what `_tell_detections` has to say."""
        while not self._lines.empty():
            tqdm.write(self._lines.get())
        if self._viewer is None:
            self._pipeline.hold(False)

    def _leave(self, error: StallError) -> None:
        """The main thread itself is stuck, in the window: nobody else can end the process."""
        closing = threading.Thread(target=self._finish_files, name="closing", daemon=True)
        closing.start()
        closing.join(2 * CLOSE_TIMEOUT_S)  # a library may keep it, too
        _leave_process(f"error: {error}", error.exit_code)

    def _finish_files(self) -> None:
        if "output" in self._pipeline.close():
            return  # it writes
        with suppress(SinkError):
            self._output.close()

    def _close(self, stuck: List[str]) -> None:
        """Each of them, whatever becomes of the others; the last comes first."""
        with ExitStack() as closing:
            if not stuck:
                closing.callback(self._detector.close)
            if "output" not in stuck:
                closing.callback(self._output.close)
            if self._trace is not None:
                closing.callback(self._trace.close)

    def _summary(self, pipeline: Pipeline, error: Optional[SplitdetError]) -> Dict[str, Any]:
        return {
            **self._meter.summary(),
            "frames_in": pipeline.inlet.captured,
            "dropped": pipeline.dropped,
            "skipped": [item._asdict() for item in self._source.skipped],
            "gaps": self._source.gaps.summary(),
            "streams": [
                {"source": part.name, "frames_in": pipeline.inlet.captured_of[stream], "frames_out": out}
                for stream, (part, out) in enumerate(zip(self._source.parts, self._finished))
            ],
            **self._facts(),
            **self._output.figures,
            "startup_s": {name: round(span, 3) for name, span in self._detector.startup_s.items()},
            "error": str(error) if error else None,
        }

    def _facts(self) -> Dict[str, Any]:
        """What is known before the first frame."""
        return {
            "source": self._source.name,
            "unit": self._source.unit,
            "model": self._job.config.model_path,
            "model_type": self._detector.model.type_name,
            "split": self._detector.split,
            "policy": "lossless" if is_lossless(self._job.config, self._source) else "latest",
            "engine": self._detector.engine.description,
        }

    def _report(self, summary: Dict[str, Any]) -> None:
        if self._job.summary:  # first: whoever reads what is printed may have left
            write_json(self._job.summary, summary)
        print(format_summary(summary), file=sys.stdout, flush=True)
        written = [*self._output.paths, *([self._job.trace] if self._trace else [])]
        for path in written if summary["frames_out"] else []:
            print(f"written     {path}", flush=True)


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
    if summary["shown"] or summary["not_shown"]:
        lines.insert(1, "window      {shown} shown, {not_shown} not shown".format(**summary))
    if summary["gaps"]["count"]:
        gaps = "gaps        {count}, {seconds:.1f} s in all, about {frames} frames missed"
        lines.insert(1, gaps.format(**summary["gaps"]))
    lines += [f"  {name:<9} {_times(ms)}" for name, ms in summary["stages_ms"].items()]
    if "events" in summary:
        lines.append("events      " + _events(summary["events"]))
    return "\n".join(lines)


def _times(figures: Dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.2f}" for name, value in figures.items())


def _events(figures: Dict[str, Any]) -> str:
    parts = ["{found} found".format(**figures)]
    for kind, counts in figures.items():
        if kind != "found":
            parts.append("{}: {sent} sent, {lost} lost".format(kind, **counts))
    return "; ".join(parts)


def _note_unused(config: Config) -> None:
    """Say which settings do nothing here."""
    if not config.events and (config.event_log or config.event_webhook or config.event_mqtt):
        log.warning("event_log, event_webhook and event_mqtt do nothing without events")


def _leave_process(message: str, exit_code: int) -> None:
    """End without waiting for threads that do not return."""
    print(message, file=sys.stderr, flush=True)
    os._exit(exit_code)
