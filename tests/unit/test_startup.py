"""What a start is made of."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import List

import numpy as np
import pytest

from places import ROOT
from splitdet import startup
from splitdet.detector import Detector
from splitdet.startup import StartUp, importing

PARTS = ["import", "load", "build", "warm_up"]


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def perf_counter(self) -> float:
        """What `time.perf_counter` would say."""
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """In the place of the real one; nothing was imported before."""
    StartUp()
    clock = Clock()
    monkeypatch.setattr(startup, "time", clock)
    return clock


def test_modules_that_are_loaded_on_the_way_are_counted_once(clock: Clock) -> None:
    start = StartUp()
    clock.now_s += 1
    with importing():
        clock.now_s += 10
        with importing():
            clock.now_s += 100
    clock.now_s += 2
    start.lap("load")
    clock.now_s += 4
    start.lap("build")
    assert start.spans_s == {"import": 110, "load": 3, "build": 4}


def test_modules_that_were_loaded_before_belong_to_the_next_start_only(clock: Clock) -> None:
    with importing():
        clock.now_s += 5
    assert StartUp().spans_s == {"import": 5}
    assert StartUp().spans_s == {"import": 0}


def test_an_import_that_fails_counts_and_leaves_the_next_one_in_order(clock: Clock) -> None:
    def fail() -> None:
        with importing():
            clock.now_s += 1
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    with importing():
        clock.now_s += 2
    assert StartUp().spans_s == {"import": 3}


def test_another_thread_has_a_start_of_its_own(clock: Clock) -> None:
    with importing():
        clock.now_s += 5
    found: List[float] = []
    thread = threading.Thread(target=lambda: found.append(StartUp().spans_s["import"]))
    thread.start()
    thread.join()
    assert found == [0]


def test_a_detector_tells_what_its_start_took(tiny_model: Path) -> None:
    with Detector(tiny_model, engine="tensorflow") as detector:
        assert list(detector.startup_s) == PARTS[:-1]
        detector.detect(np.zeros((64, 64, 3), np.uint8))
        first = dict(detector.startup_s)
        detector.detect(np.zeros((64, 64, 3), np.uint8))
    assert list(first) == PARTS
    assert min(first[name] for name in PARTS[1:]) > 0
    assert detector.startup_s == first


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_other_engines_start_without_tensorflow(engine: str, tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip(engine)
    if engine == "onnxruntime":  # converted by TensorFlow once, and then kept
        pytest.importorskip("tf2onnx")
        Detector(tiny_model, engine=engine).close()
    code = (
        "import sys, splitdet; "
        f"detector = splitdet.Detector({str(tiny_model)!r}, engine={engine!r}); "
        "detector.warm_up(); "
        "print({'tensorflow', 'tensorflow_core', 'tf2onnx', 'nncf'} & set(sys.modules), "
        "detector.startup_s['import'] > 0)"
    )
    output = subprocess.check_output(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
        cwd=str(tmp_path),
        text=True,
    )
    assert output.split() == ["set()", "True"]
