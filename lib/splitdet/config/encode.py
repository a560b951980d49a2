"""The section `encode` of config.yml: how pictures are coded that are sent."""

from __future__ import annotations

from dataclasses import dataclass

from splitdet.config.keys import key


@dataclass(frozen=True)
class Encode:
    """For what goes out by RTP or RTSP."""

    codec: str = key("h264", "how pictures are coded", choices=("h264", "h265"))
    bitrate_kbps: int = key(4000, "bits of a second, in thousands", low=10, high=1_000_000)
    encoder: str = key(
        "auto",
        "who codes; auto: hardware on a Jetson, else software",
        choices=("auto", "hardware", "software"),
    )
