"""From the section `camera` of config.yml to a GStreamer pipeline.

Text only: the elements need not be there. Not run on hardware: everything that begins with `nv` or
`omx`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any, List, Optional, Tuple

from splitdet.config.camera import FLIPS, WHITE_BALANCES, Camera
from splitdet.errors import ConfigError
from splitdet.jetson import find_jetson

QUEUED_FRAMES = 4  # that a reader who is late still gets; what it then leaves out is counted
UDP_BUFFER_BYTES = 4 << 20  # a key frame comes in one burst
LOCALHOST = "127.0.0.1"

# of videoflip, in the order of FLIPS; its property `method` does nothing in GStreamer 1.22
_DIRECTIONS = ("identity", "90l", "180", "90r", "horiz", "ur-ll", "vert", "ul-lr")
ON_JETSON = ("tx2", "nano", "xavier", "orin")
_RTP_NAMES = {"h264": "H264", "h265": "H265", "mjpeg": "JPEG"}
_RTP_TYPES = {"h264": 96, "h265": 96, "mjpeg": 26}  # RFC 3551; 96: the first of the dynamic ones
_PARSERS = {
    "h264": "rtph264depay ! h264parse",
    "h265": "rtph265depay ! h265parse",
    "mjpeg": "rtpjpegdepay",
}
_SOFTWARE_DECODERS = {"h264": "avdec_h264", "h265": "avdec_h265", "mjpeg": "jpegdec"}
_PC_DECODERS = {"h264": "nvh264dec", "h265": "nvh265dec", "mjpeg": "nvjpegdec"}
_TX2_DECODERS = {"h264": "omxh264dec", "h265": "omxh265dec", "mjpeg": "nvjpegdec"}


def camera_pipeline(
    camera: Camera, size_px: Tuple[int, int] = (480, 640), low_latency: bool = False
) -> str:
    """The pipeline that `camera` describes; frames come out of its appsink as BGR.

    Args:
        size_px: height and width to ask a camera for that gives no size of its own.
        low_latency: let no more than one frame wait for its reader.

    Raises:
        ConfigError: something is missing, or cannot be had on that platform.
    """
    platform = camera.platform if camera.platform != "auto" else this_platform()
    build = {"csi": _csi, "usb": _usb, "rtsp": _rtsp, "rtp": _rtp, "test": _test}.get(camera.kind)
    if build is None:
        raise ConfigError("camera.kind is none; expects csi, usb, rtsp, rtp or test")
    wanted = replace(camera, platform=platform, decoder=_decoder(camera, platform))
    parts = build(wanted, parse_size(camera.size) or size_px)
    queued = 1 if low_latency else QUEUED_FRAMES
    sink = f"appsink drop=true max-buffers={queued} sync=false"
    return " ! ".join([*parts, "videoconvert", "video/x-raw, format=(string)BGR", sink])


def this_platform() -> str:
    """The word for this machine."""
    jetson = find_jetson()
    return jetson.platform if jetson else "pc"


def described_as(camera: Camera, kind: str, **where: Any) -> Camera:
    """The section for a camera that was named by its address.

    What it says of a picture counts, unless it describes a camera of another kind.
    """
    if camera.kind not in ("none", kind):
        usual = Camera()
        camera = replace(camera, codec=usual.codec, size=usual.size, fps=usual.fps, flip=usual.flip)
    return replace(camera, kind=kind, **where)


def asked_size_px(camera: Camera, size_px: Tuple[int, int]) -> Optional[Tuple[int, int]]:
    """Height and width that frames should have, the right way up; None where a stream decides.

    Args:
        size_px: see `camera_pipeline`.
    """
    if camera.kind in ("rtsp", "rtp"):
        return None
    height, width = parse_size(camera.size) or size_px
    is_turned = _number(camera.flip, FLIPS) % 2 == 1  # a quarter, or mirrored at a diagonal
    return (width, height) if is_turned else (height, width)


def parse_size(text: str) -> Optional[Tuple[int, int]]:
    """Height and width of `WIDTHxHEIGHT`; None where it is empty.

    Raises:
        ConfigError: it is something else.
    """
    if not text:
        return None
    found = re.match(r"(\d{1,5})x(\d{1,5})$", text)
    if not found or not (int(found.group(1)) and int(found.group(2))):
        raise ConfigError(f"camera.size: expects WIDTHxHEIGHT, such as 1280x720, got {text!r}")
    return int(found.group(2)), int(found.group(1))


def _csi(camera: Camera, size_px: Tuple[int, int]) -> List[str]:
    if camera.platform not in ON_JETSON:
        raise ConfigError(
            "camera.kind is csi, but this is no Jetson; --set camera.platform=xavier shows the pipeline "
            "of one"
        )
    if camera.platform == "tx2":
        source = ["nvcamerasrc", f"sensor-id={camera.sensor_id}"]
        if camera.fps:
            source.append(f'fpsRange="{float(camera.fps):g} {float(camera.fps):g}"')
        if camera.exposure_ms:
            source += ["auto-exposure=1", f"exposure-time={camera.exposure_ms / 1000:g}"]
        if camera.sensor_mode >= 0:
            raise ConfigError("camera.sensor_mode: nvcamerasrc of the TX2 finds it by size and fps")
        pixels = "I420"
    else:
        source = ["nvarguscamerasrc", f"sensor-id={camera.sensor_id}"]
        if camera.sensor_mode >= 0:
            source.append(f"sensor-mode={camera.sensor_mode}")
        if camera.exposure_ms:
            nanoseconds = round(camera.exposure_ms * 1e6)
            source.append(f'exposuretimerange="{nanoseconds} {nanoseconds}"')
        pixels = "NV12"
    source.append(f"wbmode={_number(camera.wbmode, WHITE_BALANCES)}")
    caps = _caps("video/x-raw(memory:NVMM)", size_px, camera.fps, pixels)
    return [" ".join(source), caps, *_from_nvmm(camera)]


def _usb(camera: Camera, size_px: Tuple[int, int]) -> List[str]:
    device = f"/dev/video{camera.device}" if str(camera.device).isdecimal() else str(camera.device)
    source = f"v4l2src device={_quoted(device)}"
    if camera.exposure_ms:
        # in units of 100 us; kernels before 5.18 have the first two names, later ones the others
        units = max(1, round(camera.exposure_ms * 10))
        source += (
            f' extra-controls="c,exposure_auto=1,exposure_absolute={units},'
            f'auto_exposure=1,exposure_time_absolute={units}"'
        )
    if camera.codec == "auto":
        return [source, _caps("video/x-raw", size_px, camera.fps), *_flip(camera)]
    if camera.codec == "mjpeg":
        return [source, _caps("image/jpeg", size_px, camera.fps), *_decode(camera)]
    caps = _caps(f"video/x-{camera.codec}", size_px, camera.fps)
    return [source, caps, f"{camera.codec}parse", *_decode(camera)]


def _rtsp(camera: Camera, size_px: Tuple[int, int]) -> List[str]:
    if not re.match(r"rtsps?://", camera.address):
        raise ConfigError(f"camera.address: expects rtsp://.., got {camera.address!r}")
    source = (
        f"rtspsrc location={_quoted(camera.address)} latency={camera.latency_ms} "
        f"protocols={camera.transport}"
    )
    video = "application/x-rtp, media=(string)video"  # leaves sound alone
    if camera.codec != "auto":
        return [source, video, _PARSERS[camera.codec], *_decode(camera)]
    if camera.decoder == "hardware":
        raise ConfigError("camera.codec: a hardware decoder must be told; set it to h264 or h265")
    # a Jetson's decodebin takes the hardware decoder, and nvvidconv takes the frames of any
    return [source, video, "decodebin", *(_from_nvmm if camera.platform in ON_JETSON else _flip)(camera)]


def _rtp(camera: Camera, size_px: Tuple[int, int]) -> List[str]:
    codec = "h264" if camera.codec == "auto" else camera.codec
    caps = (
        "application/x-rtp, media=(string)video, clock-rate=(int)90000, "
        f"encoding-name=(string){_RTP_NAMES[codec]}, payload=(int){_RTP_TYPES[codec]}"
    )
    address = camera.address or LOCALHOST
    source = f"udpsrc address={_quoted(address)} port={camera.port} buffer-size={UDP_BUFFER_BYTES}"
    jitter = f"rtpjitterbuffer latency={camera.latency_ms}"
    return [source, caps, jitter, _PARSERS[codec], *_decode(replace(camera, codec=codec))]


def _test(camera: Camera, size_px: Tuple[int, int]) -> List[str]:
    source = "videotestsrc is-live=true pattern=smpte100"
    return [source, _caps("video/x-raw", size_px, camera.fps), *_flip(camera)]


def _decoder(camera: Camera, platform: str) -> str:
    """Who decodes, with `auto` decided: an RTSP stream whose codec nobody told needs decodebin."""
    if camera.decoder != "auto":
        return camera.decoder
    unknown = camera.kind == "rtsp" and camera.codec == "auto"
    return "hardware" if platform in ON_JETSON and not unknown else "software"


def _decode(camera: Camera) -> List[str]:
    """From coded frames to frames in memory."""
    if camera.decoder == "software":
        return [_SOFTWARE_DECODERS[camera.codec], *_flip(camera)]
    if camera.platform == "pc":
        return [_PC_DECODERS[camera.codec], *_flip(camera)]
    if camera.platform == "tx2":
        return [_TX2_DECODERS[camera.codec], *_from_nvmm(camera)]
    decoder = "nvv4l2decoder" + (" mjpeg=1" if camera.codec == "mjpeg" else "")
    return [decoder, *_from_nvmm(camera)]


def _from_nvmm(camera: Camera) -> List[str]:
    """From a Jetson's video memory to ordinary memory, and the right way up."""
    caps = ["video/x-raw", *_stream_size(camera), "format=(string)BGRx"]
    return [f"nvvidconv flip-method={_number(camera.flip, FLIPS)}", ", ".join(caps)]


def _flip(camera: Camera) -> List[str]:
    """The right way up, without a Jetson's help; a stream also at the size that is wanted."""
    number = _number(camera.flip, FLIPS)
    steps = [f"videoflip video-direction={_DIRECTIONS[number]}"] if number else []
    size = _stream_size(camera)
    return [*steps, "videoscale", ", ".join(["video/x-raw", *size])] if size else steps


def _stream_size(camera: Camera) -> List[str]:
    """The size that a stream is brought to; a camera has been asked for it already."""
    size = parse_size(camera.size) if camera.kind in ("rtsp", "rtp") else None
    return [f"width=(int){size[1]}", f"height=(int){size[0]}"] if size else []


def _caps(media: str, size_px: Tuple[int, int], fps: float, pixels: str = "") -> str:
    caps = f"{media}, width=(int){size_px[1]}, height=(int){size_px[0]}"
    if pixels:
        caps += f", format=(string){pixels}"
    if fps:
        rate = frame_rate(fps)
        caps += f", framerate=(fraction){rate.numerator}/{rate.denominator}"
    return caps


def frame_rate(fps: float) -> Fraction:
    """Frames per second as GStreamer wants them; 29.97 and its kin are multiples of 1000 / 1001."""
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    if ntsc and fps != round(fps) and abs(float(ntsc) - fps) < 0.005:
        return ntsc
    return max(Fraction(fps).limit_denominator(1000), Fraction(1, 1000))


def _number(value: object, names: Tuple[str, ...]) -> int:
    """The number of a name, or that number itself."""
    return names.index(value) if isinstance(value, str) else int(str(value))


def _quoted(text: str) -> str:
    """Text as gst-launch reads it back, whatever is in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
