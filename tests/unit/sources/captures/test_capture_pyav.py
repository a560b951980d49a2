"""Files through PyAV, as OpenCV reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from splitdet.config.camera import Camera

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="there is no ffmpeg")


def turned(folder: Path, degrees: int) -> Path:
    """A video that is to be turned before it is shown, as telephones write them."""
    plain, path = folder / "plain.mp4", folder / "turned.mp4"
    writer = cv2.VideoWriter(str(plain), cv2.VideoWriter.fourcc(*"mp4v"), 10, (160, 96))
    image = np.zeros((96, 160, 3), np.uint8)
    image[:40, :60] = 255  # one corner
    for _ in range(3):
        writer.write(image)
    writer.release()
    command = ["ffmpeg", "-v", "error", "-i", str(plain), "-c", "copy"]
    subprocess.run([*command, "-metadata:s:v:0", f"rotate={degrees}", str(path)], check=True)
    return path


@needs_ffmpeg
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_video_of_a_telephone_stands_upright(tmp_path: Path, degrees: int) -> None:
    pytest.importorskip("av", minversion="14")
    from splitdet.sources.captures.pyav import PyAVCapture

    path = str(turned(tmp_path, degrees))
    capture = PyAVCapture(path, Camera(), silence_s=5.0)
    capture.open()
    image = capture.read()
    reader = cv2.VideoCapture(path)
    expected = reader.read()[1]
    reader.release()
    assert image is not None
    assert image.shape == expected.shape == (*(capture.size_px or ()), 3)
    assert np.abs(image.astype(int) - expected).mean() < 3
    capture.close()


@needs_ffmpeg
def test_nvdec_refuses_a_video_that_it_would_show_on_its_side(tmp_path: Path) -> None:
    from splitdet.errors import SourceError
    from splitdet.sources.nvdec import NvdecSource

    with pytest.raises(
        SourceError, match=r"degrees, which NVDEC does not do; set playback\.decoder: soft"
    ):
        NvdecSource(str(turned(tmp_path, 90)))
