"""From pictures to a detector that runs, by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import call, call_here
from splitdet.compat import version

pytestmark = pytest.mark.skipif(version().startswith("1."), reason="training needs TensorFlow 2")
TINY = (
    *("width=0.1", "size_px=64", "batch=8", "epochs=1", "views=1", "validation_share=0.2"),
    "frozen_blocks=13",
)


@pytest.mark.slow
def test_shapes_become_a_detector_that_inspect_knows(tmp_path: Path) -> None:
    settings = [word for one in TINY for word in ("--set", one)]
    trained = call(
        *("train", "shapes:20", "--test", "shapes:4:1", "--init", "random", *settings),
        folder=tmp_path,
    )
    assert trained.returncode == 0, trained.stderr
    assert "16 pictures to learn from, 4 to validate with, 3 classes" in trained.stdout
    assert "on 4 pictures" in trained.stdout
    exported = call("export", "training", "--out", "models/shapes", folder=tmp_path)
    assert exported.returncode == 0, exported.stderr
    told = call("inspect", "shapes", folder=tmp_path).stdout
    assert "model_type: nms_v2" in told
    assert "num_classes: 3" in told


def test_a_run_without_a_checkpoint_is_not_exported(tmp_path: Path) -> None:
    result = call_here("export", "training", "--out", "models/x", folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("error: training: ")


def test_a_setting_without_a_value_is_refused(tmp_path: Path) -> None:
    result = call_here("train", "shapes:4", "--set", "epochs", folder=tmp_path)
    assert (result.returncode, result.stderr) == (2, "error: --set epochs: expects KEY=VALUE\n")
