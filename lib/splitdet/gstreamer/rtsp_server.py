"""An RTSP server in this process: whoever connects gets the pictures that are pushed from then on."""

from __future__ import annotations

import threading
from fractions import Fraction
from typing import Any, List, Tuple

import numpy as np

from splitdet.gstreamer.feed import Feed
from splitdet.gstreamer.load import gst_rtsp_server

SOURCE = "frames"


class RtspServer:
    """Serves one stream; all clients share one encoder, which runs while there is any.

    Args:
        host: address to listen at.
        port: 0 takes any that is free.
        path: such as `/live`.
        encoder: elements from raw video to an RTP payloader, with its payload type.
        rate: frames per second.

    Raises:
        OSError: the port is taken.
        ImportError: GStreamer's RTSP server is not installed.
    """

    def __init__(self, host: str, port: int, path: str, encoder: str, rate: Fraction) -> None:
        server = gst_rtsp_server()
        from gi.repository import GLib

        self._glib = GLib
        self._rate = rate
        self._lock = threading.Lock()
        self._feeds: List[Tuple[Any, Feed]] = []  # while there are clients
        factory = server.RTSPMediaFactory()
        factory.set_launch(f"( appsrc name={SOURCE} ! {encoder} name=pay0 )")
        factory.set_shared(True)
        self._configuring = factory, factory.connect("media-configure", self._on_media)
        self._server = server.RTSPServer()
        self._server.set_address(host)
        self._server.set_service(str(port))
        self._server.get_mount_points().add_factory(path, factory)
        self._context = GLib.MainContext()
        self._listening = self._server.attach(self._context)
        if not self._listening:
            raise OSError(f"{host}, port {port}: cannot be listened at; is it in use?")
        self._loop = GLib.MainLoop.new(self._context, False)
        self._thread = threading.Thread(target=self._loop.run, name="rtsp server", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self._server.get_bound_port())

    @property
    def is_watched(self) -> bool:
        """Whether there is a client."""
        return bool(self._feeds)

    def push(self, picture: np.ndarray) -> None:
        """Show the next picture: uint8 (H, W, 3), BGR, of the size of the first."""
        with self._lock:
            for _, feed in self._feeds:
                feed.push(picture)

    def end(self) -> None:
        """Tell all clients that the stream is over."""
        with self._lock:
            for _, feed in self._feeds:
                feed.end()

    def close(self) -> None:
        """Stop serving."""
        self._server.client_filter(lambda *unused: gst_rtsp_server().RTSPFilterResult.REMOVE)
        # from inside the loop: one that has not begun yet would not notice
        end = self._glib.Idle()
        end.set_callback(lambda *unused: self._loop.quit())
        end.attach(self._context)
        self._thread.join()
        self._context.find_source_by_id(self._listening).destroy()
        # the factory and this object would else keep each other, and the context its handle
        factory, handler = self._configuring
        factory.disconnect(handler)

    def _on_media(self, unused_factory: Any, media: Any) -> None:
        feed = Feed(media.get_element().get_by_name(SOURCE), self._rate, live=True)
        with self._lock:
            self._feeds.append((media, feed))
        media.connect("unprepared", self._on_media_gone)

    def _on_media_gone(self, media: Any) -> None:
        with self._lock:
            self._feeds = [(one, feed) for one, feed in self._feeds if one is not media]
