"""Pipelines that code and send pictures.

Text only: the elements need not be there. Not run on hardware: everything that begins with `nv` or
`omx`.
"""

from __future__ import annotations

from splitdet.config.encode import Encode
from splitdet.sources.camera import ON_JETSON

PAYLOAD_TYPE = 96  # the first of RFC 3551's dynamic ones
NAMES = {"h264": "H264", "h265": "H265"}
_RAW = "videoconvert ! video/x-raw, format=(string)I420"


def encoder(encode: Encode, rate: int, platform: str) -> str:
    """From raw pictures to RTP packets, ending in the payloader, whose properties may follow.

    Args:
        rate: frames per second; there is a key frame each second.
        platform: `pc`, `tx2`, `nano`, `xavier` or `orin`.
    """
    codec, bits = encode.codec, encode.bitrate_kbps * 1000
    hardware = platform in ON_JETSON if encode.encoder == "auto" else encode.encoder == "hardware"
    if not hardware:
        coder = (
            f"x{codec[1:]}enc tune=zerolatency speed-preset=ultrafast "
            f"bitrate={encode.bitrate_kbps} key-int-max={rate}"
        )
    elif platform == "pc":
        coder = f"nv{codec}enc bitrate={encode.bitrate_kbps} gop-size={rate}"
    else:
        to_nvmm = "nvvidconv ! video/x-raw(memory:NVMM), format=(string)NV12"
        if platform == "tx2":
            coder = f"{to_nvmm} ! omx{codec}enc bitrate={bits} insert-vui=1 insert-sps-pps=1"
        else:
            coder = f"{to_nvmm} ! nvv4l2{codec}enc bitrate={bits} insert-sps-pps=1"
        coder += f" iframeinterval={rate}"
    return f"{_RAW} ! {coder} ! {codec}parse ! rtp{codec}pay config-interval=1 pt={PAYLOAD_TYPE}"


def rtp_pipeline(encode: Encode, host: str, port: int, rate: int, live: bool, platform: str) -> str:
    """A pipeline that sends to a UDP port; a file as fast as it was recorded, a camera at once."""
    sync = "false" if live else "true"
    return f"appsrc ! {encoder(encode, rate, platform)} ! udpsink host={host} port={port} sync={sync}"


def describe_session(codec: str, host: str, port: int) -> str:
    """What a receiver has to know, as an SDP file (RFC 8866)."""
    family = "IP6" if ":" in host else "IP4"
    lines = [
        "v=0",
        f"o=- 0 0 IN {family} {host}",
        "s=splitdet",
        f"c=IN {family} {host}",
        "t=0 0",
        f"m=video {port} RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {NAMES[codec]}/90000",
    ]
    return "\n".join(lines) + "\n"
