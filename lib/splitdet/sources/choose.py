"""From what a user typed to a source."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import replace
from typing import List, Optional, Union

from splitdet.addresses import without_password
from splitdet.config.schema import Config
from splitdet.config.streams import Playback
from splitdet.errors import ConfigError, SourceError
from splitdet.sources.base import Source
from splitdet.sources.camera import described_as
from splitdet.sources.captures.choose import choose_camera, choose_capture, is_pipeline
from splitdet.sources.images import SUFFIXES, ImageSource, has_wildcard, is_image, is_other_image
from splitdet.sources.played import PlayedSource
from splitdet.sources.several import SeveralSource
from splitdet.sources.stream import StreamSource
from splitdet.sources.synthetic import PREFIX, SyntheticSource
from splitdet.sources.video import VideoSource

Spec = Union[int, str, List[Union[int, str]]]
CAMERA = "camera"
CSI = "csi://"
HIGHEST_CAMERA = 9999
HIGHEST_SENSOR = 255
log = logging.getLogger(__name__)


def open_source(spec: Spec, config: Optional[Config] = None, patient: bool = False) -> Source:
    """The source that `spec` names, played as `config` says.

    Args:
        spec: number of a camera or its device (`/dev/video0`), file, folder, wildcard, address
            (rtsp://..), GStreamer pipeline, `camera` (the section of config.yml), `csi://0` (that
            camera of a Jetson), `synthetic:FRAMES`, or a list of these.
        config: sizes, the sections camera, playback and reconnect.
        patient: a stream need not be there yet; of several no one need.

    Raises:
        ConfigError: the section camera lacks something, or cameras and files are mixed.
        SourceError: nothing there, or not readable.
    """
    config = config or Config()
    if not isinstance(spec, list):
        return _played(spec, config, patient)
    if len(spec) == 1:
        return _played(spec[0], config, patient)
    sources: List[Source] = []
    try:
        for one in spec:
            sources.append(_played(one, config, patient=True))
    except BaseException:
        for source in sources:
            source.close()
        raise
    if len({source.live for source in sources}) > 1 and config.policy == "auto":
        raise ConfigError("inputs: of cameras and files together, policy must be lossless or latest")
    return SeveralSource(sources)


def is_stream(spec: str) -> bool:
    """Whether it names a device, an address or a GStreamer pipeline, and no file."""
    is_address = re.match(r"[a-z][a-z0-9+.-]*://", spec) is not None
    return is_address or is_pipeline(spec) or spec.startswith("/dev/")


def _played(spec: Union[int, str], config: Config, patient: bool) -> Source:
    how = replace(config.playback, copy=False, decoder=Playback().decoder)
    if how == Playback():
        return _opened(spec, config, patient)
    return PlayedSource(lambda: _opened(spec, config, patient), config.playback)


def _opened(spec: Union[int, str], config: Config, patient: bool) -> Source:
    """One source; a patient one may be a stream that is not there yet."""
    if isinstance(spec, int) or spec.isdecimal():
        number = int(spec)
        if number > HIGHEST_CAMERA:
            raise SourceError(f"camera {spec}: there is no such number")
        return _stream(number, config, patient)
    if not spec:
        raise SourceError("no input is named; give a file, a folder, a camera number or an address")
    if spec.startswith(PREFIX):
        return _synthetic(spec)
    if spec.startswith(CSI):
        sensor = spec[len(CSI) :]
        if not sensor.isdecimal() or int(sensor) > HIGHEST_SENSOR:
            raise SourceError(f"{spec}: expects csi://NUMBER, such as csi://0")
        camera = described_as(config.camera, "csi", sensor_id=int(sensor))
        return _camera(replace(config, camera=camera), patient)
    if spec == CAMERA and not os.path.exists(spec):
        return _camera(config, patient)
    if is_stream(spec):
        return _stream(spec, config, patient)
    if os.path.isdir(spec) or has_wildcard(spec) or is_image(spec):
        return ImageSource(spec)
    if " ! " in spec and not os.path.exists(spec):
        raise SourceError(f"{without_password(spec)}: a GStreamer pipeline that is read ends in appsink")
    if is_other_image(spec) and os.path.isfile(spec):
        read = " ".join(SUFFIXES)
        raise SourceError(f"{spec}: pictures in this format are not read, but {read} are; convert it")
    if config.playback.decoder == "nvdec":
        from splitdet.sources.nvdec import NvdecSource

        return NvdecSource(spec)
    return VideoSource(spec)


def _stream(spec: Union[int, str], config: Config, patient: bool) -> Source:
    if config.playback.decoder != Playback().decoder:
        log.warning("playback.decoder is for video files; nothing is done about it here")
    return StreamSource(*choose_capture(spec, config), config.reconnect, patient)


def _camera(config: Config, patient: bool) -> Source:
    patient = patient or config.camera.kind == "rtp"  # nobody sends before somebody listens
    return StreamSource(*choose_camera(config), config.reconnect, patient)


def _synthetic(spec: str) -> Source:
    count = spec[len(PREFIX) :]
    if not count.isdecimal() or int(count) == 0:
        raise SourceError(f"{spec}: expects synthetic:FRAMES, such as synthetic:300")
    return SyntheticSource(int(count))
