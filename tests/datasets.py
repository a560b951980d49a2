"""Small datasets for tests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import cv2
import numpy as np

from splitdet.cli.main import dispatch
from splitdet.data.dataset import open_dataset
from splitdet.data.findings import Findings
from splitdet.data.formats import FORMATS
from splitdet.data.records import Box, ImageBytes, Record
from splitdet.labels import Labels

WIDTH_PX, HEIGHT_PX = 96, 64
LABELS = Labels({1: "cat", 2: "sea turtle"})
BOXES = (Box("cat", 10, 12, 40, 36), Box("sea turtle", 48.25, 20.5, 90.75, 60))


def pixels(seed: int, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> np.ndarray:
    """A picture like no other, smooth enough to survive compression: uint8 (H, W, 3)."""
    coarse = np.random.RandomState(seed).randint(0, 256, (8, 12, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC)


def encoded(picture: np.ndarray, suffix: str = ".jpg") -> bytes:
    """A picture as a file has it."""
    return bytes(cv2.imencode(suffix, picture)[1].tobytes())


def record(seed: int, boxes: Sequence[Box] = BOXES, part: str = "", name: str = "") -> Record:
    """A record with a JPEG in memory."""
    name = name or f"p{seed}.jpg"
    image = ImageBytes(encoded(pixels(seed)))
    return Record(name, image, WIDTH_PX, HEIGHT_PX, tuple(boxes), part)


def records(count: int = 4) -> List[Record]:
    """Some of them, of no part."""
    return [record(seed) for seed in range(count)]


def write(folder: Path, format_name: str, content: Sequence[Record], labels: Labels = LABELS) -> Path:
    """Write a dataset; gives its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with FORMATS[format_name].writer(folder, labels) as writer:
        for one in content:
            writer.write(one)
    return folder


def read(path: Path, format_name: str = "auto") -> Tuple[List[Record], Findings]:
    """All records of a dataset, sorted, and what was wrong."""
    findings = Findings()
    found = open_dataset(path, format_name).records(findings)
    return sorted(found, key=lambda one: one.title), findings


def tree(folder: Path) -> Dict[str, str]:
    """Checksum of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run(*words: object) -> int:
    """`splitdet data WORDS` in this process; its exit code."""
    return dispatch(["data", *map(str, words)])
