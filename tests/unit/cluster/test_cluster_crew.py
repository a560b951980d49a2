"""How many workers a cluster gets, and what each has. The workers: see test_cluster.py."""

from __future__ import annotations

import importlib
import logging
import socket
from types import SimpleNamespace
from typing import Any, Dict, List

import pytest

from splitdet.cluster import crew
from splitdet.cluster.crew import Crew, Shape, check_address, shape_of
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


def test_which_cluster_is_connected_to_is_told_before(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(address: str, **options: Any) -> None:
        assert caplog.messages == [f"connecting to the Ray cluster: {address}"]
        raise ConnectionError("nobody there")

    ray = SimpleNamespace(init=refuse, exceptions=SimpleNamespace(RayError=OSError))
    monkeypatch.setattr(crew, "import_module", lambda name: ray)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    caplog.set_level(logging.INFO, "splitdet")
    with pytest.raises(ConfigError, match=r"^--cluster host:6379: nobody there \(begin one with: ray"):
        Crew("host:6379", make_config(), "folder", "digest")


def test_nothing_of_the_cluster_loads_ray_before_it_is_used() -> None:
    importlib.import_module("splitdet.cluster.run")
    assert not hasattr(crew, "ray")


@pytest.mark.parametrize("prefix", ["", "ray://"])
def test_an_address_where_nobody_listens_is_refused(prefix: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"{prefix}127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(ConfigError, match=f"^--cluster {address}: .* refused; .*ray start --head"):
            check_address(address)


def test_an_address_where_somebody_listens_is_left_to_ray() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        check_address(f"127.0.0.1:{listening.getsockname()[1]}")


@pytest.mark.parametrize("address", ["local", "auto"])
def test_what_is_no_address_is_left_to_ray(address: str) -> None:
    check_address(address)
