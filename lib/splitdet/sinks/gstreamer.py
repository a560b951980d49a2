"""Annotated pictures into a GStreamer pipeline: a screen, a socket, a file, whatever follows appsrc."""

from __future__ import annotations

import logging
import math
from fractions import Fraction
from typing import Optional

import numpy as np

from splitdet.addresses import without_password
from splitdet.errors import SinkError
from splitdet.gstreamer import load
from splitdet.gstreamer.feed import QUEUED_FRAMES, Feed
from splitdet.gstreamer.launched import Launched, PipelineError
from splitdet.sinks.base import Sink
from splitdet.types import Detections, Frame

END_TIMEOUT_S = 5.0  # for a file to be finished
log = logging.getLogger(__name__)


class GStreamerSink(Sink):
    """Writes into the appsrc of a pipeline, which starts with the first picture.

    Args:
        pipeline: as gst-launch-1.0 takes it.
        rate: frames per second of the source.
        live: pictures are stamped as they come, and one that finds no room is left out. Otherwise
            all of them go through, as fast as the pipeline takes them.

    Raises:
        SinkError: there is no GStreamer, or no such element.
    """

    def __init__(self, pipeline: str, rate: Fraction, live: bool) -> None:
        missing = load.why_not()
        if missing:
            raise SinkError(f"a GStreamer pipeline cannot be written to here: {missing}")
        self._pipeline = pipeline
        self._first_s: Optional[float] = None
        self._last_s = -math.inf  # what was written last, since the first
        self._period_s = float(1 / rate)
        try:
            self._launched = Launched(pipeline)
        except PipelineError as error:
            raise self._failed(str(error)) from None
        sources = list(self._launched.elements("appsrc"))
        if len(sources) != 1:
            self._launched.close()
            raise self._failed(f"a pipeline needs one appsrc, this has {len(sources)}")
        self._feed = Feed(sources[0], rate, live)
        self._launched.on_error = self._feed.end  # a push that waits for room would else wait for ever

    def wants_picture(self) -> bool:
        """See `Sink.wants_picture`: always."""
        return True

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        assert picture is not None
        if self._first_s is None:
            self._first_s = frame.time_s
            self._start()
        elif self._feed.size_px != (frame.height, frame.width):
            raise self._failed("the source changed its size")
        time_s = frame.time_s - self._first_s
        if time_s <= self._last_s:  # pictures of a folder have no times
            time_s = self._last_s + self._period_s
        self._last_s = time_s
        taken = self._feed.push(picture, time_s)
        if self._launched.error or not taken:
            raise self._failed(self._launched.error or "it takes no more pictures")

    def close(self) -> None:
        """See `Sink.close`. What has been written is brought to its end.

        Raises:
            SinkError: the pipeline broke, or does not come to its end.
        """
        try:
            if self._first_s is not None and not self._launched.error:
                self._feed.end()
                # what is still queued may be played at the pace of the frames
                most_s = END_TIMEOUT_S + (QUEUED_FRAMES + 2) * self._period_s
                with self._launched.changed:
                    over = self._launched.changed.wait_for(
                        lambda: self._launched.ended or self._launched.error, most_s
                    )
                if not over:
                    raise self._failed(f"it does not end within {most_s:g} s")
            if self._launched.error:
                raise self._failed(self._launched.error)
            if self._feed.left_out:
                text = "%s: %d pictures were left out, before it ran or while it had no room"
                log.info(text, without_password(self._pipeline), self._feed.left_out)
        finally:
            self._launched.close()

    def _start(self) -> None:
        try:
            self._launched.start()
        except PipelineError as error:
            raise self._failed(str(error)) from None

    def _failed(self, reason: str) -> SinkError:
        return SinkError(f"{without_password(self._pipeline)}: {reason}")
