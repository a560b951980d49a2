"""The sections `playback` and `reconnect` of config.yml: how sources are read."""

from __future__ import annotations

from dataclasses import dataclass

from splitdet.config.keys import key


@dataclass(frozen=True)
class Reconnect:
    """How long to wait for a stream, and how to look for it again."""

    silence_s: float = key(
        10.0, "a stream that gives no frame for so many seconds counts as gone", low=0.1, high=3600
    )
    pause_s: float = key(
        2.0, "longest pause between two attempts to find it again, seconds", low=0.1, high=3600
    )
    give_up_s: float = key(
        0.0, "end the run when it has been away for so many seconds; 0: never", low=0, high=1e9
    )


@dataclass(frozen=True)
class Playback:
    """From where to where a source is read, how often, how fast, and every how many frames."""

    loop: int = key(
        0, "files: begin again so many times, so 2 plays three times; -1: for ever", low=-1, high=1e9
    )
    stride: int = key(1, "take every n-th frame", low=1, high=1e6)
    start_s: float = key(
        0.0, "leave out what is before, seconds; live: since its first frame", low=0, high=1e9
    )
    stop_s: float = key(
        0.0, "end there, seconds; live: since its first frame; 0: at the end", low=0, high=1e9
    )
    speed: str = key(
        "fast",
        "videos: fast: as fast as the stages can; source: not faster than they were recorded",
        choices=("fast", "source"),
    )
    decoder: str = key(
        "software",
        "video files: software: OpenCV; nvdec: an NVIDIA GPU, where the frames stay for TensorRT",
        choices=("software", "nvdec"),
    )
    copy: bool = key(
        False,
        "Python: copy arrays that are handed over, so that their owner may change them at once; what is "
        "read from files and cameras is always new",
    )
