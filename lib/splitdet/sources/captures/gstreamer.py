"""GStreamer pipelines through PyGObject."""

from __future__ import annotations

import re
from typing import Any, Optional, Tuple

import numpy as np

from splitdet.addresses import why_unreachable
from splitdet.errors import SourceError
from splitdet.gstreamer import load
from splitdet.gstreamer.launched import Launched, PipelineError, kind_of, latency_s
from splitdet.sources.captures.base import FALLBACK_RATE, Capture

BGR = "video/x-raw, format=(string)BGR"
QUEUED_FRAMES = 4  # that wait in the appsink of a pipeline that names no number
LATE_S = 0.25  # behind the latency of the pipeline: longer than decoding takes, shorter than any gap
_BROKEN_OFF = re.compile(r"server closed the connection", re.IGNORECASE)


class GStreamerCapture(Capture):
    """A pipeline that ends in an appsink.

    Whatever its format, frames are converted to BGR by GStreamer itself, which knows the
    colorimetry of the stream.

    Args:
        pipeline: as gst-launch-1.0 takes it.
        silence_s: no frame for so long, the first one included, counts as broken off.
        address: what the pipeline reads, to tell why that cannot be reached.
    """

    def __init__(self, pipeline: str, silence_s: float, address: str = "") -> None:
        super().__init__()
        self._address = address
        self._text = with_conversion(pipeline)
        self._silence_s = silence_s
        self._launched: Optional[Launched] = None
        self._sink: Any = None
        self._caps: Any = None
        self._rate: Optional[float] = None
        self._size: Optional[Tuple[int, int]] = None
        self._is_ready = False
        self._latency_s: Optional[float] = None  # of a live pipeline
        self._kept: Any = None  # a sample that is next

    def open(self) -> None:
        """See `Capture.open`. Done when the first frame is there."""
        missing = load.why_not()
        if missing:
            raise SourceError(missing)
        self.reader = f"GStreamer {load.version()}"
        try:
            self._launched = Launched(self._text)
            self._launched.for_each(_without_torn_frames)
            self._sink = self._prepared_sink(self._launched)
            self._launched.start()
            woken = self._wait(self._launched)
            if self._is_ready:
                self._latency_s = latency_s(self._sink)
                self._note(self._sink.get_static_pad("sink").get_current_caps())
                decoder = self._launched.decoder()
                self.reader += f", decoded by {decoder}" if decoder else ""
            else:
                self._check(self._launched, woken)
        except (PipelineError, SourceError) as error:
            raise SourceError(self._why_not_open(str(error))) from None

    @property
    def frame_rate(self) -> Optional[float]:
        """See `Capture.frame_rate`."""
        return self._rate

    @property
    def size_px(self) -> Optional[Tuple[int, int]]:
        """See `Capture.size_px`."""
        return self._size

    @property
    def waits(self) -> bool:
        """See `Capture.waits`: a pipeline that is not live does, unless its appsink drops frames."""
        return self._is_ready and self._latency_s is None and not self._sink.get_property("drop")

    def read(self) -> Optional[np.ndarray]:
        """See `Capture.read`."""
        sample = self._sample()
        if sample is None:
            return None
        self._note(sample.get_caps())
        return self._image(sample)

    def skip_old(self, idle_s: float) -> None:
        """See `Capture.skip_old`; what is not live waits for its reader, and is never too old."""
        launched = self._launched
        if launched is None or self._latency_s is None:
            return
        piled = int(idle_s * (self._rate or FALLBACK_RATE)) + QUEUED_FRAMES
        for _ in range(piled):
            self._kept = self._sample()
            if self._kept is None or launched.age_s(self._kept) <= self._latency_s + LATE_S:
                return
            self._kept = None

    def _sample(self) -> Any:
        """The next frame as GStreamer has it; None at the end, or when interrupted."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return kept
        launched = self._launched
        assert launched is not None
        while not self.interrupted.is_set():
            woken = self._wait(launched)
            with launched.changed:
                self._is_ready = False  # before pulling: what comes from now on is told anew
            # what came before an error or the end is still given
            sample = self._sink.emit("try-pull-sample", 0)
            if sample is not None:
                with launched.changed:
                    self._is_ready = True  # there may be more behind it
                return sample
            if self._check(launched, woken):
                return None
        return None

    def interrupt(self) -> None:
        """See `Capture.interrupt`."""
        super().interrupt()
        launched = self._launched
        if launched is not None:
            with launched.changed:
                launched.changed.notify_all()

    def close(self) -> None:
        """See `Capture.close`."""
        if self._launched is not None:
            self._launched.close()

    def _why_not_open(self, reason: str) -> str:
        if not self._address or self.interrupted.is_set():
            return reason
        if re.search("not-linked", reason):
            return f"{reason}; is it coded as camera.codec says?"
        return why_unreachable(self._address) or reason

    def _prepared_sink(self, launched: Launched) -> Any:
        sinks = list(launched.elements("appsink"))
        if len(sinks) != 1:
            raise SourceError(f"a pipeline needs one appsink, this has {len(sinks)}")
        (sink,) = sinks
        sink.set_property("caps", load.gst().Caps.from_string(BGR))
        if not sink.get_property("max-buffers"):  # without bounds, as nobody asked for it to be
            sink.set_property("max-buffers", QUEUED_FRAMES)
        sink.set_property("emit-signals", True)
        launched.connect(sink, "new-sample", self._on_sample)
        return sink

    def _on_sample(self, unused_sink: Any) -> Any:
        """On a thread of GStreamer: a frame waits in the appsink."""
        launched = self._launched
        assert launched is not None
        with launched.changed:
            self._is_ready = True
            launched.changed.notify_all()
        return load.gst().FlowReturn.OK

    def _wait(self, launched: Launched) -> bool:
        """Wait until a frame may be there, or something happened; False where nothing did in time."""
        with launched.changed:
            return launched.changed.wait_for(lambda: self._has_news(launched), self._silence_s)

    def _check(self, launched: Launched, woken: bool) -> bool:
        """Why there is no frame: whether the stream has ended; SourceError where it broke off."""
        if self.interrupted.is_set():
            return True
        if launched.error:
            raise SourceError(launched.error)
        if launched.ended and _BROKEN_OFF.search(launched.warning):
            raise SourceError(launched.warning)
        if not woken:
            raise SourceError(f"no frame for {self._silence_s:g} s")
        return launched.ended

    def _has_news(self, launched: Launched) -> bool:
        return self._is_ready or bool(launched.error) or launched.ended or self.interrupted.is_set()

    def _note(self, caps: Any) -> None:
        """Take note of size and rate, which a stream may change at any time."""
        if self._caps is None or not self._caps.is_equal(caps):
            self._caps = caps
            self._size, self._rate = _described(caps)

    def _image(self, sample: Any) -> np.ndarray:
        """uint8 (H, W, 3) of a BGR buffer, whose rows fill up to multiples of four bytes."""
        assert self._size is not None
        height, width = self._size
        row_bytes = (3 * width + 3) // 4 * 4
        buffer = sample.get_buffer()
        data = buffer.extract_dup(0, height * row_bytes)
        rows = np.frombuffer(data, np.uint8).reshape(height, row_bytes)
        return np.ascontiguousarray(rows[:, : 3 * width]).reshape(height, width, 3)


def with_conversion(pipeline: str) -> str:
    """The pipeline with a converter to BGR in front of its appsink."""
    return re.sub(r"!\s*appsink\b", f"! videoconvert ! {BGR} ! appsink", pipeline, count=1)


def _without_torn_frames(element: Any) -> None:
    """Let a software decoder that joins a stream in its middle wait for the first whole picture."""
    if kind_of(element).startswith("avdec_") and element.find_property("output-corrupt"):
        element.set_property("output-corrupt", False)


def _described(caps: Any) -> Tuple[Tuple[int, int], Optional[float]]:
    """Height and width, and frames per second where they are constant."""
    structure = caps.get_structure(0)
    size = structure.get_int("height")[1], structure.get_int("width")[1]
    known, numerator, denominator = structure.get_fraction("framerate")
    return size, numerator / denominator if known and numerator and denominator else None
