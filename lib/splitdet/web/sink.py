"""The web view as a sink: it hands results over where a client waits for them."""

from __future__ import annotations

import logging
from typing import Optional

import numpy as np

from splitdet.config import Config
from splitdet.detector import Detector
from splitdet.errors import ConfigError
from splitdet.pipeline.meter import Meter
from splitdet.sinks.base import Sink
from splitdet.types import Detections, Frame
from splitdet.visualize.painter import Painter, fps_notes
from splitdet.web.app import WebView
from splitdet.web.figures import Figures
from splitdet.web.guard import Guard, is_loopback
from splitdet.web.newest import Newest
from splitdet.web.result import Result
from splitdet.web.server import Server

MOST_FPS = 30.0
log = logging.getLogger(__name__)


class WebSink(Sink):
    """Serves the page, its streams and the figures, from the start of a run to its end.

    Pictures and results go out `max_vis_fps` times a second at most, 30 times where that is 0.

    Args:
        painter: draws the pictures, on a thread of the view.
        source: what the frames come from, for people.

    Raises:
        ConfigError: others could reach it, but no token is set.
        SinkError: the address cannot be had.
    """

    shows_first = True

    def __init__(
        self, config: Config, detector: Detector, painter: Painter, meter: Meter, source: str
    ) -> None:
        if not is_loopback(config.web_host) and not config.web_token:
            raise ConfigError(
                f"web_host is {config.web_host}, which others can reach: set web_token to a secret of "
                "yours that they have to know"
            )
        most_fps = config.max_vis_fps or MOST_FPS
        self._pictures: Newest[Result] = Newest(most_fps)
        self._results: Newest[Result] = Newest(most_fps)
        self._server = Server(config.web_host, config.web)
        figures = Figures(detector, meter, source)

        def paint(result: Result) -> np.ndarray:
            notes = fps_notes(meter.current_fps, config.vis_text)
            return painter.paint(result.frame.image, result.found, notes)

        view = WebView(self._pictures, self._results, paint, figures, detector.labels)
        self._server.start(Guard(view.app, config.web_token, self._server.port), view.end)
        host = f"[{config.web_host}]" if ":" in config.web_host else config.web_host
        hint = "?token=.. (web_token)" if config.web_token else ""
        log.info("web view: http://%s:%d/%s", host, self._server.port, hint)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`. Nothing is drawn or encoded here, so that detection does not wait for it."""
        for wanted in (self._pictures, self._results):
            if wanted.is_wanted():
                wanted.put(Result(frame, found))

    def close(self) -> None:
        """See `Sink.close`."""
        self._server.stop()
