"""The example on the page on engines works as it stands there, but for the engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from places import ROOT

PAGE = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")


@pytest.mark.model
def test_the_example_prints_names_confidences_and_pixels(
    default_model: Path, clip: Path, tmp_path: Path
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert 'precision="fp16")' in example
    example = example.replace('precision="fp16")', 'precision="fp32", engine="tensorflow")')
    (tmp_path / "models").symlink_to(default_model.parent.parent)
    capture = cv2.VideoCapture(str(clip))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 125)
    cv2.imwrite(str(tmp_path / "dog.jpg"), capture.read()[1])
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=str(tmp_path),
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) > 1
    for line in lines:
        assert re.fullmatch(r"[a-z ]+ [01]\.\d+( \d+){4}", line)
