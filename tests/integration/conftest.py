"""Input for whole runs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """25 frames, 96x64, 12.5 frames per second."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.5, (96, 64))
    random = np.random.RandomState(0)
    for _ in range(25):
        small = random.randint(0, 256, (8, 12, 3)).astype(np.uint8)
        writer.write(cv2.resize(small, (96, 64)))
    writer.release()
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Folder `images` with four pictures in two folders, and one that is broken."""
    folder = tmp_path / "images"
    (folder / "deep").mkdir(parents=True)
    random = np.random.RandomState(0)
    for name in ("b.JPG", "a.png", "deep/c.jpeg", "deep/d.bmp"):
        height = 40 + 10 * len(name)
        cv2.imwrite(str(folder / name), random.randint(0, 256, (height, 60, 3)).astype(np.uint8))
    (folder / "broken.jpg").write_bytes((folder / "b.JPG").read_bytes()[:300])
    return folder
