"""A pipeline that runs: its end and its errors wake whoever waits for it."""

from __future__ import annotations

import re
import threading
from typing import Any, Callable, Iterator, List, Optional, Tuple

from splitdet.addresses import without_password
from splitdet.errors import SplitdetError
from splitdet.gstreamer.load import gst, package_of


class PipelineError(SplitdetError):
    """A pipeline does not start, or broke; the message is the reason alone."""


class Launched:
    """A pipeline, made from the text that gst-launch-1.0 takes.

    Messages come on threads of GStreamer; `changed` guards what they set, and is notified.

    Raises:
        PipelineError: the text is wrong, or an element is missing.
    """

    def __init__(self, text: str) -> None:
        self._gst = gst()
        self.changed = threading.Condition()
        self.error = ""
        """Why it broke; empty while it has not."""
        self.warning = ""
        """What it warned of last."""
        self.ended = False
        """The stream came to its end."""
        self.on_error: Callable[[], None] = lambda: None
        """Called on a thread of GStreamer when it breaks: lets go whoever waits in an element."""
        self._connected: List[Tuple[Any, int]] = []
        try:
            self.pipeline = self._gst.parse_launch(text)
        except Exception as error:  # GLib.Error, a class that is only known once GLib is loaded
            raise PipelineError(_explained(str(getattr(error, "message", error)))) from None
        if not isinstance(self.pipeline, self._gst.Pipeline):  # a single element comes bare
            alone, self.pipeline = self.pipeline, self._gst.Pipeline.new(None)
            self.pipeline.add(alone)
        self._bus = self.pipeline.get_bus()
        self._bus.set_sync_handler(self._on_message)

    def elements(self, factory: str) -> Iterator[Any]:
        """The elements of one kind, such as `appsink`."""
        return (element for element in self._all() if kind_of(element) == factory)

    def decoder(self) -> str:
        """The element that decodes video, such as `avdec_h264`; empty where none does."""
        for element in self._all():
            factory = element.get_factory()
            classes = (factory.get_metadata("klass") or "").split("/") if factory is not None else []
            if "Decoder" in classes and "Video" in classes:
                return kind_of(element)
        return ""

    def for_each(self, tune: Callable[[Any], None]) -> None:
        """Call `tune` with every element, and with those that join later, before they work."""
        for element in self._all():
            tune(element)
        self.connect(self.pipeline, "deep-element-added", lambda unused, inner, element: tune(element))

    def connect(self, element: Any, signal: str, callback: Callable[..., Any]) -> None:
        """Connect a signal until `close`: an element and its callback would else keep each other."""
        self._connected.append((element, element.connect(signal, callback)))

    def _all(self) -> Iterator[Any]:
        found = self.pipeline.iterate_recurse()
        result, element = found.next()
        while result == self._gst.IteratorResult.OK:
            yield element
            result, element = found.next()

    def start(self) -> None:
        """Let it run; PipelineError where it does not start."""
        if self.pipeline.set_state(self._gst.State.PLAYING) == self._gst.StateChangeReturn.FAILURE:
            with self.changed:
                raise PipelineError(self.error or "it does not start")

    def age_s(self, sample: Any) -> float:
        """How long ago a sample was captured, by the time that is written on it; 0 where none is."""
        form, pts = self._gst.Format.TIME, sample.get_buffer().pts
        segment, clock = sample.get_segment(), self.pipeline.get_clock()
        if pts == self._gst.CLOCK_TIME_NONE or segment.format != form or clock is None:
            return 0.0
        now_ns = clock.get_time() - self.pipeline.get_base_time()
        return float(now_ns - segment.to_running_time(form, pts)) / 1e9

    def close(self) -> None:
        """Stop it and give its devices back."""
        self.pipeline.set_state(self._gst.State.NULL)
        for element, handler in self._connected:
            element.disconnect(handler)
        self._connected.clear()
        self._bus.set_sync_handler(None)

    def _on_message(self, unused_bus: Any, message: Any, *unused: Any) -> Any:
        kinds = self._gst.MessageType
        with self.changed:
            if message.type == kinds.ERROR:
                error, detail = message.parse_error()
                self.error = self.error or _explained(error.message, detail)
            elif message.type == kinds.WARNING:
                warning, detail = message.parse_warning()
                self.warning = _explained(warning.message, detail)
            elif message.type == kinds.EOS:
                self.ended = True
            self.changed.notify_all()
        if message.type == kinds.ERROR:
            self.on_error()
        # nobody reads the bus, so it is emptied here; a message that is dropped would never be freed
        while self._bus.pop() is not None:
            pass
        return self._gst.BusSyncReply.PASS


def kind_of(element: Any) -> str:
    """The name of its factory, such as `appsink`; empty where it has none."""
    factory = element.get_factory()
    return factory.get_name() if factory is not None else ""


def latency_s(sink: Any) -> Optional[float]:
    """How long frames take to a sink that runs; None where they come when they are asked for."""
    query = gst().Query.new_latency()
    if not sink.get_static_pad("sink").peer_query(query):
        return None
    is_live, least_ns, _ = query.parse_latency()
    return least_ns / 1e9 if is_live else None


def _explained(message: str, detail: str = "") -> str:
    """One line: what GStreamer says, the last line of its detail, and the package that would help."""
    text = without_password(" ".join(message.split()).rstrip("."))
    last = (detail or "").strip().splitlines()[-1:]
    if last and not re.match(r"\S*\.c\(\d+\)", last[0]):
        text += f" ({without_password(last[0].strip().rstrip('.'))})"
    missing = re.search(r'no element "(\w+)"', text)
    package = package_of(missing.group(1)) if missing else ""
    if "missing a plug-in" in text or "Missing decoder" in text:
        package = "gstreamer1.0-libav"
    return f"{text}; it comes with {package}" if package else text
