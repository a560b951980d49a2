"""All checks, in the order in which they are told."""

from __future__ import annotations

from typing import List

from splitdet.doctor.board import check_board
from splitdet.doctor.findings import Finding
from splitdet.doctor.software import check_cuda, check_engines, check_python, check_tensorflow
from splitdet.doctor.video import (
    check_cameras,
    check_gstreamer,
    check_nvdec,
    check_opencv,
    check_pyav,
    check_screen,
    check_tools,
)


def examine() -> List[Finding]:
    """Look at this machine."""
    return [
        check_python(),
        *check_tensorflow(),
        *check_cuda(),
        *check_engines(),
        check_opencv(),
        *check_gstreamer(),
        check_pyav(),
        *check_nvdec(),
        *check_cameras(),
        check_screen(),
        check_tools(),
        *check_board(),
    ]
