"""Frames into a pipeline: its appsrc, and how pictures become buffers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Optional, Tuple

import numpy as np

from splitdet.gstreamer.load import gst

QUEUED_FRAMES = 4


class Feed:
    """Hands pictures to an appsrc.

    Args:
        rate: frames per second.
        live: stamp each with the time at which it comes, and leave out what comes before the
            pipeline plays or finds no room. Otherwise `push` tells the time, and waits for room.
    """

    def __init__(self, appsrc: Any, rate: Fraction, live: bool) -> None:
        self._gst = gst()
        self._appsrc = appsrc
        self._live = live
        self._rate = rate
        self._room_bytes = 0
        self.size_px: Optional[Tuple[int, int]] = None
        """Height and width of the pictures, once there was one; all must have the same."""
        appsrc.set_property("format", self._gst.Format.TIME)
        appsrc.set_property("is-live", live)
        appsrc.set_property("block", not live)
        self.left_out = 0
        """Pictures that a live pipeline did not take."""

    def push(self, picture: np.ndarray, time_s: Optional[float] = None) -> bool:
        """Hand one over; whether the pipeline still takes any.

        Args:
            picture: uint8 (H, W, 3), BGR.
            time_s: since the first one; needed unless live.
        """
        if self.size_px is None:
            self._describe(picture.shape[0], picture.shape[1])
        time_ns = self._running_ns() if self._live else int((time_s or 0.0) * 1e9)
        if time_ns is None:
            self.left_out += 1
            return True
        buffer = self._gst.Buffer.new_wrapped(_packed(picture))
        buffer.pts = time_ns
        buffer.duration = int(1e9 / self._rate)
        return bool(self._appsrc.emit("push-buffer", buffer) == self._gst.FlowReturn.OK)

    def _describe(self, height: int, width: int) -> None:
        """Tell the pipeline what will come."""
        self.size_px = (height, width)
        self._room_bytes = QUEUED_FRAMES * 3 * width * height
        self._appsrc.set_property("max-bytes", self._room_bytes)
        caps = (
            f"video/x-raw, format=(string)BGR, width=(int){width}, height=(int){height}, "
            f"framerate=(fraction){self._rate.numerator}/{self._rate.denominator}"
        )
        self._appsrc.set_property("caps", self._gst.Caps.from_string(caps))

    def _running_ns(self) -> Optional[int]:
        """How long the pipeline has been playing; None where it takes no picture.

        (Its own `do-timestamp` stamps a picture that comes while it starts with the time since the
        machine did, for which its sink would then wait.)
        """
        if self._appsrc.get_state(0).state != self._gst.State.PLAYING:
            return None
        if self._appsrc.get_property("current-level-bytes") >= self._room_bytes:
            return None
        return max(0, int(self._appsrc.get_clock().get_time() - self._appsrc.get_base_time()))

    def end(self) -> None:
        """There will be no more."""
        self._appsrc.emit("end-of-stream")


def _packed(picture: np.ndarray) -> bytes:
    """The bytes of a BGR buffer: rows fill up to multiples of four bytes."""
    height, width = picture.shape[:2]
    spare = -3 * width % 4
    rows = picture.reshape(height, 3 * width)
    return (np.pad(rows, ((0, 0), (0, spare))) if spare else rows).tobytes()
