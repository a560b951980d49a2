"""Whether a run has a web view, and what is said where it cannot have one."""

from __future__ import annotations

import sys
from typing import Any, List

import pytest

import splitdet
from fakes import FakeDetector, FakeSource
from splitdet.config import make_config
from splitdet.errors import EXIT_BAD_INPUT, SinkError
from splitdet.job import Job
from splitdet.pipeline.meter import Meter
from splitdet.sinks.base import Sink
from splitdet.sinks.choose import make_sinks
from splitdet.visualize.painter import Painter


def _sinks(**config: Any) -> List[Sink]:
    job = Job(make_config(**config), "fake")
    detector = FakeDetector(config=job.config)
    return make_sinks(job, FakeSource(1), detector, Painter(detector.labels), Meter(5.0))


def test_a_run_has_none_unless_it_is_asked_for() -> None:
    before = set(sys.modules)
    assert _sinks() == []
    assert [name for name in set(sys.modules) - before if "web" in name] == []


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "prometheus_client"])
def test_a_missing_package_is_told_with_what_to_install(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package_there in ("starlette", "uvicorn", "prometheus_client"):
        pytest.importorskip(package_there)
    # what is imported anew takes its place there, too
    monkeypatch.setattr(splitdet, "web", None, raising=False)
    for name in [name for name in sys.modules if name.startswith(("splitdet.web", package))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SinkError) as caught:
        _sinks(web=8080)
    assert str(caught.value) == f"web: {package} is not installed: pip install 'splitdet[web]'"
    assert caught.value.exit_code == EXIT_BAD_INPUT
