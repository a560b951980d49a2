"""Fixtures: the models, pictures and videos that tests run on, and why one is missing."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

from commands import messages_as_they_were
from places import GRAPH_FILE, MODEL, ROOT, SEGMENTER, SHARED

_model_tests: Dict[str, int] = {"collected": 0, "passed": 0}


os.environ.setdefault("SPLITDET_CACHE", str(ROOT / ".pytest_cache" / "splitdet"))


def pytest_collection_modifyitems(items: Any) -> None:
    """Skip what needs ../shared where that is missing; count what needs a real model."""
    for item in items:
        if "zoo" in item.keywords and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"{SHARED} is not there"))
        if "gstreamer" in item.keywords and why_no_gstreamer():
            item.add_marker(pytest.mark.skip(reason=why_no_gstreamer()))
        if item.get_closest_marker("ray") and find_spec("ray") is None:
            item.add_marker(pytest.mark.skip(reason="Ray is not installed: pip install 'splitdet[ray]'"))
        _model_tests["collected"] += "model" in item.keywords


@lru_cache(maxsize=None)
def why_no_gstreamer() -> str:
    """What of GStreamer is missing for tests that use it; empty where nothing is."""
    from splitdet.gstreamer import load

    if load.why_not():
        return load.why_not()
    try:
        load.gst_rtsp_server()
    except ImportError:
        return f"apt-get install {load.RTSP_SERVER_PACKAGE}"
    elements = ("x264enc", "x265enc", "avdec_h264", "avdec_h265", "rtph265pay", "rtspsrc")
    for name in elements:
        if not load.has_element(name):
            return f"GStreamer has no {name}; apt-get install {load.package_of(name)}"
    return ""


def pytest_runtest_logreport(report: Any) -> None:
    """Count the real-model tests that really ran."""
    if report.when == "call" and report.passed and "model" in report.keywords:
        _model_tests["passed"] += 1


def pytest_sessionfinish(session: Any) -> None:
    """Under CI, a run that skipped every test of a real model has shown nothing."""
    if os.environ.get("CI") and _model_tests["collected"] and not _model_tests["passed"]:
        print("\nno test of a real model ran: see the reasons with -rs")
        session.exitstatus = 1


@pytest.fixture(autouse=True)
def _messages_as_they_were() -> Iterator[None]:
    """A command that a test runs in this process sets up the messages; the next test has its own."""
    with messages_as_they_were():
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with the zoo's graphs, photographs and videos (mark the test `zoo`)."""
    return SHARED


@pytest.fixture(scope="session")
def zoo_model() -> Path:
    """The genuine ssdlite graph with its own NMS (mark the test `zoo`)."""
    return SHARED / "models" / MODEL / GRAPH_FILE


@pytest.fixture
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with nothing in it."""
    monkeypatch.setenv("SPLITDET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fetched(name: str) -> Path:
    """A model as `splitdet models get` brings it, or a skip with the reason (mark the test `model`)."""
    from splitdet.errors import ModelError
    from splitdet.zoo.get import get_model

    try:
        return get_model(name, ROOT / "models")
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def default_model() -> Path:
    """The default model."""
    return fetched(MODEL)


@pytest.fixture(scope="session")
def segmenter() -> Path:
    """A segmenter with real weights."""
    return fetched(SEGMENTER)


@pytest.fixture(scope="session")
def clip() -> Path:
    """The clip of `splitdet demo`."""
    from splitdet.cli.demo import fetch_clip
    from splitdet.errors import ModelError

    try:
        return fetch_clip(ROOT / "media" / "bikes.mp4")
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small detector of the 2018 kind, with the zoo's control-flow NMS and random weights."""
    from ssd_graphs import write_ssd

    return write_ssd(tmp_path_factory.mktemp("tiny") / GRAPH_FILE, "nms_v2")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium (mark the test `browser`): the system's, or one that playwright has.

    It is closed after each module: while it is open, asyncio takes this thread for busy.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    with playwright.sync_playwright() as running:
        try:
            chromium = running.chromium.launch(executable_path=path)
        except playwright.Error as error:
            pytest.skip("no Chromium: " + str(error).strip().splitlines()[0])
        yield chromium
        chromium.close()
