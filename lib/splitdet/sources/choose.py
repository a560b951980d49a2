"""From what a user typed to a source."""

from __future__ import annotations

import os
import re
from typing import Tuple, Union

from splitdet.errors import SourceError
from splitdet.sources.base import Source
from splitdet.sources.images import ImageSource, has_wildcard, is_image
from splitdet.sources.stream import StreamSource, is_pipeline
from splitdet.sources.synthetic import PREFIX, SyntheticSource
from splitdet.sources.video import VideoSource

HIGHEST_CAMERA = 9999


def open_source(spec: Union[int, str], size_px: Tuple[int, int] = (480, 640)) -> Source:
    """The source that `spec` names.

    Args:
        spec: number of a camera or its device (`/dev/video0`), file, folder, wildcard, address
            (rtsp://..), GStreamer pipeline, or `synthetic:FRAMES`.
        size_px: height and width to ask a camera for.

    Raises:
        SourceError: nothing there, or not readable.
    """
    if isinstance(spec, int) or spec.isdecimal():
        number = int(spec)
        if number > HIGHEST_CAMERA:
            raise SourceError(f"camera {spec}: there is no such number")
        return StreamSource(number, size_px)
    if not spec:
        raise SourceError("no input is named; give a file, a folder, a camera number or an address")
    if spec.startswith(PREFIX):
        return _synthetic(spec)
    if is_pipeline(spec) or re.match(r"[a-z][a-z0-9+.-]*://", spec) or spec.startswith("/dev/"):
        return StreamSource(spec, size_px)
    if os.path.isdir(spec) or has_wildcard(spec) or is_image(spec):
        return ImageSource(spec)
    return VideoSource(spec)


def _synthetic(spec: str) -> Source:
    count = spec[len(PREFIX) :]
    if not count.isdecimal() or int(count) == 0:
        raise SourceError(f"{spec}: expects synthetic:FRAMES, such as synthetic:300")
    return SyntheticSource(int(count))
