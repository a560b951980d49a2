"""Where workers run, and what they answer."""

from __future__ import annotations

import multiprocessing
import os
import threading
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Union

import numpy as np
import pytest

from fakes import FakeDetector, fault
from splitdet.config import make_config
from splitdet.errors import ConfigError, StageError
from splitdet.processes import serve
from splitdet.processes.devices import make_places
from splitdet.processes.ring import Ring
from splitdet.processes.serve import Answer, Place, Ready, Request
from splitdet.processes.worker import Link, ParentGone
from splitdet.types import Batch, Selection

HERE = Place(1, "worker 1 (CPU)", "-1", ())


@pytest.mark.parametrize(
    ("visible", "devices", "expected"),
    [
        (None, [0, 3, "cpu"], ["0", "3", "-1"]),
        ("5,7", [0, 1], ["5", "7"]),
        ("GPU-8932f937,MIG-1", [1, 1], ["MIG-1", "MIG-1"]),
    ],
)
def test_a_worker_is_shown_its_gpu_among_those_that_we_may_see(
    visible: Optional[str],
    devices: Sequence[Union[int, str]],
    expected: List[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [place.visible_gpu for place in make_places(devices)] == expected


def test_a_gpu_that_we_may_not_see_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    with pytest.raises(ConfigError, match=r"devices: there is no GPU 2: CUDA_VISIBLE_DEVICES is '5,7'"):
        make_places([0, 2])


def test_where_all_gpus_are_hidden_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ConfigError, match=r"devices: there is no GPU 0: CUDA_VISIBLE_DEVICES is ''"):
        make_places([0])


def test_workers_on_the_cpu_share_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {8, 1, 2, 3, 4})
    assert [place.cores for place in make_places(["cpu", 0, "cpu"])] == [(1, 2), (), (3, 4)]
    assert [place.cores for place in make_places(["cpu", 0])] == [(), ()]
    assert [place.cores for place in make_places(["cpu"] * 6)] == [()] * 6


class FakeSteps(FakeDetector):
    """The steps of a `FakeDetector`, as a worker takes them."""

    def accelerate(self, batch: Batch, selection: Selection) -> None:
        """Second step."""
        super().accelerate(batch)

    def suppress(self, batch: Batch, selection: Selection) -> None:
        """Third step."""
        super().suppress(batch)


Ask = Callable[[int], Answer]


@pytest.fixture
def ask(request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Ask a worker that runs in a thread here; the parameter says what its steps do."""
    steps: Dict[str, Any] = request.param
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "")
    fake = SimpleNamespace(steps=FakeSteps(steps))
    monkeypatch.setattr(serve.Detector, "from_config", lambda config: fake)
    ours, theirs = multiprocessing.Pipe()
    ring = Ring(4)
    ended: List[bool] = []

    def run() -> None:
        try:
            serve.serve(Link(theirs), ring, make_config(), HERE)
        except ParentGone:
            ended.append(True)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ours.recv() == Ready("no engine")

    def asked(number: int) -> Answer:
        slots = [ring.put(np.zeros((4, 4, 3), np.uint8)) for _ in range(2)]
        ours.send(Request(number, [s for s in slots if s is not None], Selection(), f"frame {number}"))
        answer: Answer = ours.recv()
        return answer

    yield asked
    ours.close()
    thread.join(20)
    assert ended == [True]


@pytest.mark.parametrize("ask", [{}], indirect=True)
def test_an_answer_has_a_result_for_each_frame_and_the_time_of_each_step(ask: Ask) -> None:
    answer = ask(7)
    assert (answer.number, len(answer.results), answer.error) == (7, 2, None)
    begins = [answer.spans_s[name][0] for name in ("prepare", "accelerator", "cpu")]
    assert begins == sorted(begins)
    assert answer.threads["prepare"] == 1  # behind the one of worker 0
    assert answer.threads["accelerator"] in (2, 3)


@pytest.mark.parametrize("ask", [{"cpu": fault("raise", 0)}], indirect=True)
def test_an_error_in_a_step_is_answered_with_frame_and_worker(ask: Ask) -> None:
    error = ask(7).error
    assert type(error) is StageError
    assert str(error) == (
        "the cpu stage failed on frame 7 in worker 1 (CPU): RuntimeError: broken on purpose"
    )


@pytest.mark.parametrize("ask", [{"prepare": fault("raise", 0)}], indirect=True)
def test_a_worker_goes_on_after_an_error(ask: Ask) -> None:
    assert [ask(number).number for number in range(3)] == [0, 1, 2]


def test_who_answers_ends_quietly_where_whoever_asked_is_gone() -> None:
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    tasks: SimpleQueue[serve._Task] = SimpleQueue()
    tasks.put(serve._Task(Request(0, [], Selection(), "frame 0"), Batch([])))
    serve._answer(tasks, Link(theirs))
    assert tasks.empty()
