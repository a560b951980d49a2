"""What reads, decodes and shows pictures: OpenCV, GStreamer, PyAV, cameras, the screen."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import List, Sequence, Tuple

import cv2

from splitdet.compat import has_nvidia_gpu, package_version
from splitdet.doctor.findings import NOTE, OK, Finding
from splitdet.gstreamer import load
from splitdet.jetson import text_of
from splitdet.sinks.window import why_no_window
from splitdet.sources.captures.opencv import what_keeps_closed

_ELEMENTS = ("appsink", "videoconvert", "rtspsrc", "udpsrc", "v4l2src", "videoflip", "h264parse")
"""What the pipelines of the section camera begin and end with."""
_CODECS: Sequence[Tuple[str, Sequence[str], Sequence[str]]] = (
    ("H.264", ("nvv4l2decoder", "omxh264dec", "avdec_h264"), ("nvv4l2h264enc", "omxh264enc", "x264enc")),
    ("H.265", ("nvv4l2decoder", "omxh265dec", "avdec_h265"), ("nvv4l2h265enc", "omxh265enc", "x265enc")),
    ("JPEG", ("jpegdec",), ("jpegenc",)),
)
"""Name, decoders and encoders, hardware first."""


def check_opencv() -> Finding:
    """What this OpenCV was built with."""
    information = cv2.getBuildInformation()
    built = {name: _says_yes(information, name) for name in ("FFMPEG", "GStreamer", "v4l/v4l2")}
    words = [f"{name} {'yes' if yes else 'no'}" for name, yes in built.items()]
    text = f"{cv2.__version__}; {', '.join(words)}"
    if not built["FFMPEG"]:
        fix = "pip install opencv-python-headless: without FFMPEG few videos can be read"
        return Finding("OpenCV", NOTE, text, fix)
    return Finding("OpenCV", OK, text)


def check_gstreamer() -> List[Finding]:
    """GStreamer through PyGObject, its coders and its RTSP server."""
    missing = load.why_not()
    if missing:
        if _says_yes(cv2.getBuildInformation(), "GStreamer"):
            text = f"through OpenCV only, which cannot tell why a pipeline fails ({missing})"
            return [Finding("GStreamer", OK, text)]
        return [Finding("GStreamer", NOTE, f"no pipelines and CSI cameras: {missing}", _install())]
    found = [Finding("GStreamer", OK, f"{load.version()}, by PyGObject")]
    missing_elements = [name for name in _ELEMENTS if not load.has_element(name)]
    if missing_elements:
        packages = dict.fromkeys(map(load.package_of, missing_elements))
        fix = "sudo apt-get install " + " ".join(packages)
        found.append(Finding("Elements", NOTE, "there is no " + ", ".join(missing_elements), fix))
    found += [_codec(name, *elements) for name, *elements in _CODECS]
    try:
        load.gst_rtsp_server()
    except ImportError:
        fix = f"sudo apt-get install {load.RTSP_SERVER_PACKAGE}"
        found.append(Finding("RTSP server", NOTE, "not installed, so results cannot be served", fix))
    else:
        found.append(Finding("RTSP server", OK, "installed"))
    return found


def check_pyav() -> Finding:
    """PyAV, the reader of addresses where there is no GStreamer."""
    installed = package_version("av")
    if installed:
        return Finding("PyAV", OK, installed)
    if not load.why_not():
        return Finding("PyAV", OK, "not installed; GStreamer reads rtsp://, OpenCV the rest")
    why = "not installed; OpenCV reads addresses, and cannot tell why one fails"
    return Finding("PyAV", NOTE, why, "pip install 'splitdet[av]'")


def check_nvdec() -> List[Finding]:
    """Whether an NVIDIA GPU can decode videos, for `playback.decoder: nvdec`."""
    if not has_nvidia_gpu():
        return []
    installed = package_version("pynvvideocodec")
    if installed:
        return [Finding("NVDEC", OK, f"PyNvVideoCodec {installed}")]
    why = "not installed; the CPU decodes videos"
    return [Finding("NVDEC", NOTE, why, "pip install 'splitdet[nvdec]'")]


def check_cameras(root: Path = Path("/")) -> List[Finding]:
    """The cameras that the system knows."""
    found: List[Finding] = []
    for folder in sorted((root / "sys/class/video4linux").glob("video*"), key=_number):
        if text_of(folder / "index") not in ("", "0"):  # of one camera, the node with its pictures
            continue
        device = str(root / "dev" / folder.name)
        name = text_of(folder / "name") or "a camera"
        problem = what_keeps_closed(device)
        if re.search(r"vi-output|tegra", name, re.IGNORECASE):
            text = f"{device}: {name}, on the board's connector (not run on hardware)"
            found.append(Finding("Camera", OK, text, "camera: {kind: csi} in config.yml"))
        elif not Path(device).exists():
            text = f"{device}: {name}, which the system has, but there is no such file here"
            found.append(Finding("Camera", NOTE, text, f"in a container: docker run --device {device}"))
        elif problem:
            why, _, fix = problem.partition("; ")
            found.append(Finding("Camera", NOTE, f"{device}: {name}: {why}", fix))
        else:
            found.append(Finding("Camera", OK, f"{device}: {name}"))
    return found or [Finding("Camera", OK, "none is connected")]


def check_screen() -> Finding:
    """Whether a window can be opened."""
    reason = why_no_window()
    if reason:
        return Finding("Screen", NOTE, f"no window: {reason}", "--no-display does without one")
    return Finding("Screen", OK, "windows can be opened")


def check_tools() -> Finding:
    """Programs that help to look into things."""
    names = ("gst-launch-1.0", "ffprobe", "v4l2-ctl")
    missing = [name for name in names if shutil.which(name) is None]
    text = ", ".join(f"no {name}" if name in missing else name for name in names)
    packages = {"gst-launch-1.0": "gstreamer1.0-tools", "ffprobe": "ffmpeg", "v4l2-ctl": "v4l-utils"}
    fix = "sudo apt-get install " + " ".join(packages[name] for name in missing) if missing else ""
    return Finding("Tools", NOTE if missing else OK, text, fix)


def _codec(name: str, decoders: Sequence[str], encoders: Sequence[str]) -> Finding:
    words, fixes = [], []
    for verb, elements in (("decoded", decoders), ("encoded", encoders)):
        there = [element for element in elements if load.has_element(element)]
        words.append(f"{verb} by {there[0]}" if there else f"not {verb}")
        if not there:
            fixes.append(load.package_of(elements[-1]))
    fix = "sudo apt-get install " + " ".join(dict.fromkeys(fixes)) if fixes else ""
    return Finding(name, NOTE if fixes else OK, ", ".join(words), fix)


def _install() -> str:
    return f"sudo apt-get install {load.PACKAGES}"


def _says_yes(information: str, name: str) -> bool:
    return bool(re.search(rf"^\s*{re.escape(name)}:\s+YES", information, re.MULTILINE))


def _number(folder: Path) -> int:
    return int(re.sub(r"\D", "", folder.name) or 0)
