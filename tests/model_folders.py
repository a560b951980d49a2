"""Folders of models in the working directory; what is in a graph does not matter there."""

from __future__ import annotations

from pathlib import Path

QUANTIZED = "ssd_mobilenet_v1_0.75_depth_quantized_300x300_coco14_sync_2018_07_"
"""A model that the zoo has under two names, which end with 03 and 18."""


def put(path: str, text: str = "") -> Path:
    """Write a file, with the folders it lies in."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file
