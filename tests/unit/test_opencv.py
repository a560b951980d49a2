"""OpenCV's own threads."""

from __future__ import annotations

from typing import Iterator, List

import cv2
import pytest

import splitdet.run
from fakes import FakeDetector, FakeSource
from splitdet.config import make_config
from splitdet.job import Job
from splitdet.opencv import on_one_thread


@pytest.fixture(autouse=True)
def _three_threads() -> Iterator[None]:
    """As a program has set it, and as it was."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    yield
    cv2.setNumThreads(before)


def test_it_has_one_thread_and_then_as_many_as_before() -> None:
    with on_one_thread():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == 3


def test_a_run_has_one_and_leaves_them_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: List[int] = []
    steps = {"cpu": lambda index: seen.append(cv2.getNumThreads())}
    monkeypatch.setattr(splitdet.run, "open_source", lambda *unused: FakeSource(2))
    monkeypatch.setattr(splitdet.run.Detector, "from_config", lambda config: FakeDetector(steps, config))
    splitdet.run.run(Job(make_config(visualize=False), "fake"))
    assert seen == [1, 1]
    assert cv2.getNumThreads() == 3


def test_the_last_of_several_gives_them_back() -> None:
    first, second = on_one_thread(), on_one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert cv2.getNumThreads() == 1
    second.__exit__(None, None, None)
    assert cv2.getNumThreads() == 3
