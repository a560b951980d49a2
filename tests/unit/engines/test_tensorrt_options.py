"""Settings of an engine that are refused, and with what words."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from splitdet.engines.tensorrt.options import BuildOptions
from splitdet.errors import EngineError


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"precision": "fp64"}, "no precision fp64; it has fp32, fp16, int8"),
        ({"batch": 0}, "a batch of 0: expects at least 1"),
        ({"workspace_mb": -1}, "a workspace of -1 MiB"),
        ({"level": 6}, "optimization level 6: expects 0 to 5"),
        ({"dla_core": 0}, "a DLA computes fp16 and int8 only"),
        ({"precision": "int8"}, "needs pictures .*--calibration FOLDER"),
        ({"calibration": "pictures"}, "--calibration is for precision int8, not fp32"),
    ],
)
def test_a_wrong_setting_is_refused(settings: Dict[str, Any], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        BuildOptions(**settings)


def test_fp32_of_one_frame_is_the_default() -> None:
    assert (BuildOptions().precision, BuildOptions().batch) == ("fp32", 1)
