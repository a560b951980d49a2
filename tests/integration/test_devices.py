"""Workers on several devices, tried with two of them on the CPU."""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
import pytest

import splitdet
from commands import ENVIRONMENT, HANG_S
from places import ROOT
from splitdet import compat
from splitdet.assemble import assemble
from splitdet.cache import cache_file
from splitdet.detector import Detector
from splitdet.engines.choose import VERDICTS
from splitdet.errors import EngineError, StageError
from splitdet.sources.images import ImageSource
from splitdet.sources.synthetic import SyntheticSource
from splitdet.types import Detections

SETTINGS: Dict[str, Any] = {"engine": "tensorflow", "det_th": 0.3}
TWO: Dict[str, Any] = {**SETTINGS, "devices": ["cpu", "cpu"]}
QUICK = "openvino" if importlib.util.find_spec("openvino") else "tensorflow"
"""What starts soonest, for tests in which it does not matter who computes."""
Found = List[Tuple[int, Detections]]


@pytest.fixture(scope="module")
def workers(tiny_model: Path) -> Iterator[Detector]:
    """A detector with two workers."""
    with Detector(tiny_model, **TWO, batch_size=3) as detector:
        yield detector


@pytest.fixture(scope="module")
def one(tiny_model: Path) -> Iterator[Detector]:
    """The same detector in this process."""
    with Detector(tiny_model, **SETTINGS, batch_size=3) as detector:
        yield detector


def found_in(source: Any, detector: Detector) -> Found:
    return [(frame.index, found) for frame, found in splitdet.stream(source, detector)]


def assert_same_bits(one: Found, other: Found) -> None:
    assert [index for index, _ in one] == [index for index, _ in other]
    for (_, left), (_, right) in zip(one, other):
        np.testing.assert_array_equal(left.boxes, right.boxes)
        np.testing.assert_array_equal(left.scores, right.scores)
        np.testing.assert_array_equal(left.classes, right.classes)


def test_workers_find_to_the_bit_and_in_order_what_one_process_finds(
    workers: Detector, one: Detector
) -> None:
    found = found_in(SyntheticSource(60), workers)
    assert [index for index, _ in found] == list(range(60))
    assert sum(len(detections) for _, detections in found) > 60
    assert_same_bits(found, found_in(SyntheticSource(60), one))


def test_no_thread_of_any_worker_does_two_things_at_once(workers: Detector) -> None:
    spans_s: Dict[Tuple[str, int], List[Tuple[float, float]]] = {}
    with assemble(SyntheticSource(60), workers) as pipeline:
        for batch in pipeline:
            for stage, span_s in batch.spans_s.items():
                spans_s.setdefault((stage, batch.threads[stage]), []).append(span_s)
    assert {("prepare", 0), ("prepare", 1), ("cpu", 0), ("cpu", 1)} <= set(spans_s)
    for spans in spans_s.values():
        spans.sort()
        assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:]))


def test_pictures_of_any_size_go_through_workers(
    workers: Detector, one: Detector, pictures: Path
) -> None:
    found = found_in(ImageSource(str(pictures)), workers)
    assert len(found) == 4
    assert_same_bits(found, found_in(ImageSource(str(pictures)), one))


def test_detect_may_be_called_from_many_threads(workers: Detector, one: Detector) -> None:
    images = [frame.image for frame in iter(SyntheticSource(40).read, None)]
    with ThreadPoolExecutor(16) as threads:
        found = list(enumerate(threads.map(workers.detect, images)))
    assert_same_bits(found, [(index, one.detect(image)) for index, image in enumerate(images)])


def test_workers_are_named_for_people(workers: Detector) -> None:
    assert workers.engine.description == f"TensorFlow {compat.version()} on the CPU, 2 workers"


@pytest.fixture
def mortal(tiny_model: Path) -> Iterator[Tuple[Detector, List[int]]]:
    """A detector with two workers that may be killed, and their process numbers."""
    before = multiprocessing.active_children()
    with Detector(tiny_model, **{**TWO, "engine": QUICK}) as detector:
        new = [child for child in multiprocessing.active_children() if child not in before]
        new.sort(key=lambda child: child.name)
        yield detector, [child.pid for child in new if child.pid is not None]


def run_and_kill(detector: Detector, pids: List[int]) -> List[int]:
    """Indices of the frames that come out, when these processes are killed after a few of them."""
    indices: List[int] = []
    for frame, _ in splitdet.stream(SyntheticSource(200), detector):
        indices.append(frame.index)
        if frame.index == 5:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
    return indices


def test_the_frames_of_a_worker_that_is_killed_go_to_the_others(
    mortal: Tuple[Detector, List[int]], caplog: pytest.LogCaptureFixture
) -> None:
    detector, pids = mortal
    assert run_and_kill(detector, pids[:1]) == list(range(200))
    assert caplog.messages == ["worker 0 (CPU) was killed by SIGKILL; its frames go to the others"]


def test_the_run_ends_when_no_worker_is_left(mortal: Tuple[Detector, List[int]]) -> None:
    detector, pids = mortal
    with pytest.raises(StageError, match=r"^worker . \(CPU\) was killed by SIGKILL$"):
        run_and_kill(detector, pids)
    with pytest.raises(StageError, match="was killed by SIGKILL"):
        detector.detect(np.zeros((64, 64, 3), np.uint8))


def test_a_worker_that_cannot_load_says_who_and_why(tiny_model: Path) -> None:
    if compat.gpus():
        pytest.skip("there is a GPU")
    with pytest.raises(EngineError, match=r"^worker 0 \(GPU 0\): device is gpu, but TensorFlow"):
        Detector(tiny_model, **{**TWO, "devices": [0]})


def test_what_the_first_worker_measures_the_others_find(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("SPLITDET_CACHE", str(tmp_path))
    Detector(tiny_model, devices=["cpu", "cpu"]).close()
    assert len(json.loads(cache_file(VERDICTS).read_text())) == 1


def start_run(model: Path, *arguments: str) -> subprocess.Popen[str]:
    """`splitdet run` with two workers, in a process group of its own, once results come."""
    command = [sys.executable, "-m", "splitdet", "run", "synthetic:1000000", "none", *arguments]
    process = subprocess.Popen(
        [*command, "--model", str(model), "--set", "devices=cpu,cpu", "--set", "det_interval=1"],
        env={**os.environ, **ENVIRONMENT, "SPLITDET_ENGINE": QUICK},
        cwd=str(model.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_ctrl_c,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def hear_ctrl_c() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would all that comes from it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        (signal.SIGINT, 130, "stopped by Ctrl-C"),
        (signal.SIGTERM, 143, "stopped by SIGTERM"),
        (signal.SIGKILL, -signal.SIGKILL, ""),
    ],
)
def test_no_worker_is_left_when_the_run_is_ended_by_a_signal(
    number: signal.Signals, code: int, message: str, tiny_model: Path
) -> None:
    process = start_run(tiny_model)
    if number == signal.SIGKILL:
        process.kill()
    else:
        os.killpg(process.pid, number)  # as a terminal and a service manager do
    _, errors = process.communicate(timeout=HANG_S)  # the pipes end with the last worker
    assert process.returncode == code
    lines = [line for line in errors.splitlines() if "ready" not in line]
    assert lines == ([message] if message else [])


def test_the_process_that_has_workers_loads_no_tensorflow(tiny_model: Path) -> None:
    code = (
        "import sys, numpy, splitdet\n"
        "detector = splitdet.Detector(sys.argv[1], devices=['cpu'], engine='tensorflow')\n"
        "print(detector.detect(numpy.zeros((64, 64, 3), numpy.uint8)))\n"
        "print('tensorflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny_model)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )
    assert done.stdout.splitlines()[1:] == ["False"], done.stderr
    assert done.returncode == 0
