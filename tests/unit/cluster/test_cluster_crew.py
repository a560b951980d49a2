"""How many workers a cluster gets, and what each has. The workers: see test_cluster.py."""

from __future__ import annotations

import importlib
from typing import Any, Dict, List

import pytest

from splitdet.cluster import crew
from splitdet.cluster.crew import Crew, Shape, shape_of
from splitdet.config import make_config
from splitdet.errors import ConfigError, ExtraError

Machines = List[Dict[str, float]]


@pytest.mark.parametrize(
    ("settings", "machines", "shape"),
    [
        ({}, [{"CPU": 16}], Shape(4, 4, 0)),
        ({}, [{"CPU": 2}, {"CPU": 9}, {"memory": 1}], Shape(5, 2, 0)),
        ({"cluster": {"cpus": 8}}, [{"CPU": 16}, {"CPU": 7}], Shape(2, 8, 0)),
        ({"cluster": {"workers": 3}}, [{"CPU": 4}], Shape(3, 4, 0)),
        ({}, [{"CPU": 64, "GPU": 4}], Shape(4, 16, 1)),
        ({}, [{"CPU": 64, "GPU": 4}, {"CPU": 8, "GPU": 1}, {"CPU": 96}], Shape(5, 8, 1)),
        ({"cluster": {"cpus": 32}}, [{"CPU": 64, "GPU": 4}], Shape(2, 32, 1)),
        ({"cluster": {"gpus": 0.25}}, [{"CPU": 64, "GPU": 4}], Shape(16, 4, 0.25)),
        ({"cluster": {"gpus": 0.1}}, [{"CPU": 64, "GPU": 1}], Shape(10, 6, 0.1)),
        ({"cluster": {"gpus": 0.6}}, [{"CPU": 64, "GPU": 4}], Shape(4, 16, 0.6)),
        ({"cluster": {"gpus": 0.5, "cpus": 4}}, [{"CPU": 64, "GPU": 4}], Shape(8, 4, 0.5)),
        ({"device": "cpu"}, [{"CPU": 64, "GPU": 4}], Shape(16, 4, 0)),
    ],
)
def test_workers_fill_the_machines(settings: Dict[str, Any], machines: Machines, shape: Shape) -> None:
    assert shape_of(make_config(**settings), machines) == shape


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "gpu"}, "device is gpu, but no machine of the cluster has one"),
        ({"cluster": {"cpus": 9}}, "cluster.cpus is 9, but no machine of the cluster has so many cores"),
    ],
)
def test_what_no_machine_has_is_one_line(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}$"):
        shape_of(make_config(**settings), [{"CPU": 8}])


def test_without_ray_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(crew, "import_module", missing)
    with pytest.raises(ExtraError, match=r"^ray is not installed: pip install 'splitdet\[ray\]'$"):
        Crew("local", make_config(), "folder", "digest")


def test_nothing_of_the_cluster_loads_ray_before_it_is_used() -> None:
    importlib.import_module("splitdet.cluster.run")
    assert not hasattr(crew, "ray")
