"""What the README shows works as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import cv2
import numpy as np
import pytest

from places import MODEL, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def _numbers(content: Any) -> Iterator[float]:
    """All numbers of a JSON document."""
    if isinstance(content, (dict, list)):
        for one in content.values() if isinstance(content, dict) else content:
            yield from _numbers(one)
    elif isinstance(content, (int, float)):
        yield content


def test_each_figure_of_the_table_is_in_the_file_that_it_links_to() -> None:
    rows = re.findall(r"^\| .* \| (\d+) \| \[result\]\((.*)\) \|$", README, flags=re.MULTILINE)
    assert len(rows) > 3
    for figure, link in rows:
        measured = _numbers(json.loads((ROOT / link).read_text(encoding="utf-8")))
        assert any(int(number) == int(figure) for number in measured), figure


@pytest.mark.model
@pytest.mark.parametrize("example", EXAMPLES, ids=["detector", "stream"])
def test_an_example_runs_and_prints_detections(
    example: str, default_model: Path, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").symlink_to(default_model.parent.parent)
    capture = cv2.VideoCapture(str(clip))
    writer = cv2.VideoWriter(
        str(tmp_path / "street.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (640, 272)
    )
    for index in range(130):
        image = capture.read()[1]
        if index >= 120:
            writer.write(image)
    writer.release()
    cv2.imwrite(str(tmp_path / "dog.jpg"), image)
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=str(tmp_path),
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    numbers = [float(number) for number in re.findall(r"0\.\d+", done.stdout)]
    assert np.max(numbers) > 0.5
    assert MODEL in example
