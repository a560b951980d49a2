"""Finds PyGObject and GStreamer, and tells what to install where one is missing.

PyGObject is a package of the system. An interpreter in a virtual environment does not see it, though
one of the same version can use it: it is then loaded from where the system keeps it, and nothing else
with it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
import sysconfig
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, List, Optional, Sequence

PACKAGES = (
    "python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-good "
    "gstreamer1.0-plugins-bad gstreamer1.0-libav"
)
"""Debian's and Ubuntu's names."""
BUILD_IT = (
    "sudo apt-get install libgirepository1.0-dev libcairo2-dev pkg-config gcc; "
    "pip install 'PyGObject<3.51'"
)
RTSP_SERVER_PACKAGE = "gir1.2-gst-rtsp-server-1.0"
_SYSTEM_FOLDERS = ("/usr/lib/python3/dist-packages", "/usr/lib64/python3/site-packages")

_PACKAGE_OF = (
    (("nv", "omx"), "NVIDIA's multimedia packages (nvidia-l4t-gstreamer) on a Jetson"),
    (("avdec", "avenc"), "gstreamer1.0-libav"),
    (("x264",), "gstreamer1.0-plugins-ugly"),
    (("h264parse", "h265parse", "x265", "openh264"), "gstreamer1.0-plugins-bad"),
    (("rtp", "rtsp", "udp", "v4l2", "jpeg", "videoflip", "vp8", "vp9"), "gstreamer1.0-plugins-good"),
    (("video", "decodebin", "uridecodebin", "app", "playbin"), "gstreamer1.0-plugins-base"),
)


def package_of(element: str) -> str:
    """Where an element comes from, for people; empty where that is not known."""
    for beginnings, package in _PACKAGE_OF:
        if element.startswith(beginnings):
            return package
    return ""


@lru_cache(maxsize=None)
def gst() -> Any:
    """The module `gi.repository.Gst`, ready to use.

    Raises:
        ImportError: it is not there; `why_not` tells what to do.
    """
    gi = _gi()
    try:
        gi.require_version("Gst", "1.0")
        from gi.repository import Gst
    except ValueError as error:
        raise ImportError(str(error)) from None
    Gst.init(None)
    return Gst


@lru_cache(maxsize=None)
def gst_rtsp_server() -> Any:
    """The module `gi.repository.GstRtspServer`.

    Raises:
        ImportError: it is not there.
    """
    gst()
    try:
        _gi().require_version("GstRtspServer", "1.0")
        from gi.repository import GstRtspServer
    except ValueError as error:
        raise ImportError(str(error)) from None
    return GstRtspServer


@lru_cache(maxsize=None)
def why_not() -> str:
    """Why GStreamer cannot be used by this interpreter, and what to do; empty where it can."""
    try:
        gst()
    except ImportError as error:
        other = _built_for_others(_SYSTEM_FOLDERS)
        if other:
            return (
                f"the system's PyGObject is for {other}, this is Python "
                f"{sys.version_info[0]}.{sys.version_info[1]}; use that Python, or {BUILD_IT}"
            )
        return f"GStreamer cannot be used from Python ({error}); apt-get install {PACKAGES}"
    return ""


def version() -> str:
    """Version of GStreamer, such as `1.22.0`."""
    return ".".join(map(str, gst().version()[:3]))


def has_element(name: str) -> bool:
    """Whether GStreamer can be used, and has an element of that name."""
    return not why_not() and gst().ElementFactory.find(name) is not None


def _gi() -> Any:
    """The package `gi`: the one of this environment, or else the system's if it fits."""
    _unwind_by_gcc()
    try:
        import gi
    except ImportError as error:
        folder = _fitting(_SYSTEM_FOLDERS)
        if folder is None:
            raise error from None
        return _imported_from(folder)
    return gi


def _unwind_by_gcc() -> None:
    """Let C++ exceptions be unwound by the compiler's own library, in every library that is loaded.

    GStreamer brings libunwind along, whose functions have the same names; a TensorFlow that finds
    those first crashes with the first exception it throws.
    """
    with suppress(OSError):  # another system, another compiler
        ctypes.CDLL("libgcc_s.so.1", mode=ctypes.RTLD_GLOBAL)


def _fitting(folders: Sequence[str]) -> Optional[Path]:
    """The first folder whose `gi` was built for this very interpreter."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX") or ".none"
    for folder in folders:
        if (Path(folder) / "gi" / f"_gi{suffix}").is_file():
            return Path(folder) / "gi"
    return None


def _imported_from(folder: Path) -> Any:
    """Import the package in `folder` alone: its neighbours must not take the place of ours."""
    spec = importlib.util.spec_from_file_location(
        "gi", str(folder / "__init__.py"), submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gi"] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules["gi"]
        raise
    return module


def _built_for_others(folders: Sequence[str]) -> str:
    """The Pythons that the system's PyGObject was built for, such as `Python 3.11`."""
    found: List[str] = []
    for folder in folders:
        for file in Path(folder).glob("gi/_gi.cpython-*.so"):
            tag = file.name.split("-")[1].rstrip("m")
            found.append(f"Python {tag[0]}.{tag[1:]}")
    return " and ".join(sorted(set(found)))
