"""Engines that TensorRT for RTX really builds, for GPUs that need not be here."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, List

import pytest

from onnx_networks import small_network
from picture_files import random_pictures, write_pictures
from splitdet.engines.progress import Progress
from splitdet.engines.tensorrt import cache
from splitdet.engines.tensorrt.api import Api, load_api
from splitdet.engines.tensorrt.build import build
from splitdet.engines.tensorrt.cache import engine_key, ready_engine
from splitdet.engines.tensorrt.cuda import Cuda
from splitdet.engines.tensorrt.options import BuildOptions
from splitdet.engines.tensorrt.outside import layers_outside
from splitdet.errors import EngineError

MODULE = "tensorrt_rtx"
pytest.importorskip(MODULE, reason="needs the package tensorrt-rtx-cu13")
pytest.importorskip("onnx")
pytestmark = pytest.mark.usefixtures("fresh_cache")
FP32 = BuildOptions(target=(12, 0))


@pytest.fixture(scope="module")
def api() -> Api:
    """The module that builds without a GPU."""
    return load_api(MODULE)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize(("batch", "fixed"), [(1, False), (4, True), (4, False)])
def test_an_engine_is_built(api: Api, precision: str, batch: int, fixed: bool) -> None:
    options = BuildOptions(precision, batch, fixed, target=(8, 6), workspace_mb=256, level=1)
    assert len(build(api, small_network(), options)) > 1000


def test_an_int8_engine_is_built(api: Api, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    folder = write_pictures(tmp_path / "pictures", random_pictures(3))
    options = BuildOptions("int8", target=(12, 0), calibration=str(folder))
    assert len(build(api, small_network(), options)) > 1000


def test_a_network_of_fixed_batch_is_taken(api: Api) -> None:
    assert build(api, small_network(batch=2), replace(FP32, batch=2, fixed=True))


def test_a_network_for_another_batch_is_refused(api: Api) -> None:
    with pytest.raises(EngineError, match="takes 2 frames at once, and not 3"):
        build(api, small_network(batch=2), replace(FP32, batch=3, fixed=True))


def test_a_node_that_is_not_known_is_named(api: Api) -> None:
    with pytest.raises(EngineError, match=r"cannot read this network: score_all \(NoSuchThing\)"):
        build(api, small_network(scores_op="NoSuchThing"), FP32)


def test_what_is_no_network_is_an_error(api: Api) -> None:
    with pytest.raises(EngineError, match="cannot read this network"):
        build(api, b"no network at all", FP32)


def test_a_gpu_that_is_too_old_is_refused(api: Api) -> None:
    with pytest.raises(EngineError, match=r"does not build for compute capability 5\.3"):
        build(api, small_network(), replace(FP32, target=(5, 3)))


def test_a_dla_that_is_not_there_is_refused(api: Api) -> None:
    with pytest.raises(EngineError, match="DLA core 0 is not there: this machine has none"):
        build(api, small_network(), replace(FP32, precision="fp16", dla_core=0))


def test_only_what_lies_between_convolutions_may_lose_precision(api: Api) -> None:
    network = api.create_network(api.trt.Builder(api.logger))
    api.parse(network, small_network())
    kept = {layer.type.name for layer in layers_outside(network)}
    others = network.num_layers - len(layers_outside(network))
    assert "CONVOLUTION" not in kept
    assert {"ELEMENTWISE", "ACTIVATION"} <= kept
    assert others >= 6  # four convolutions, and what limits the values between them


def test_an_engine_is_built_once(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        first, file = ready_engine(api, "network", small_network, FP32)
        second, same_file = ready_engine(api, "network", small_network, FP32)
    assert (first, file) == (second, same_file)
    assert sum("built in" in message for message in caplog.messages) == 1


def test_a_damaged_engine_is_built_again(api: Api) -> None:
    _, file = ready_engine(api, "network", small_network, FP32)
    file.write_bytes(file.read_bytes()[:-10])
    engine, _ = ready_engine(api, "network", small_network, FP32)
    assert file.read_bytes().endswith(engine)


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "fp32"},
        {"batch": 2},
        {"batch": 2, "fixed": True},
        {"dla_core": 0},
        {"target": (8, 6)},
    ],
)
def test_other_options_are_another_engine(api: Api, changes: Any) -> None:
    fp16 = replace(FP32, precision="fp16")
    assert engine_key(api, "one", fp16) != engine_key(api, "one", replace(fp16, **changes))


def test_what_was_built_for_the_kind_of_a_gpu_is_what_that_gpu_runs(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "find_cuda", lambda: SimpleNamespace(name="a GPU", capability=(8, 6)))
    built = engine_key(api, "one", replace(FP32, target=(8, 6)))
    assert engine_key(api, "one", replace(FP32, target=None)) == built


@pytest.mark.parametrize("changes", [{"workspace_mb": 64}, {"level": 1}])
def test_how_it_is_built_does_not_make_another_engine(api: Api, changes: Any) -> None:
    assert engine_key(api, "one", FP32) == engine_key(api, "one", replace(FP32, **changes))


def test_an_engine_that_is_there_is_built_anew_where_that_is_asked_for(api: Api) -> None:
    _, file = ready_engine(api, "network", small_network, FP32)
    old = file.read_bytes()
    other = small_network(scores_op="Tanh")
    engine, same_file = ready_engine(api, "network", lambda: other, FP32, anew=True)
    assert same_file == file
    assert file.read_bytes() != old
    assert file.read_bytes().endswith(engine)


def test_another_network_is_another_engine(api: Api) -> None:
    assert engine_key(api, "one", FP32) != engine_key(api, "other", FP32)


def test_an_engine_that_is_there_needs_no_conversion(api: Api) -> None:
    first, _ = ready_engine(api, "network", small_network, FP32)
    second, _ = ready_engine(api, "network", lambda: pytest.fail("converted again"), FP32)
    assert first == second


def test_a_build_says_what_it_is_at(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    phases: List[str] = []
    watched = property(lambda _: "", lambda _, text: phases.append(text))
    monkeypatch.setattr(Progress, "phase", watched, raising=False)
    build(api, small_network(), FP32)
    assert any("Building engine" in phase for phase in phases)


def test_a_build_that_nobody_wants_any_more_stops(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = property(lambda _: True, lambda _, value: None)
    monkeypatch.setattr(Progress, "cancelled", cancelled, raising=False)
    with pytest.raises(EngineError, match="the build was stopped"):
        build(api, small_network(), FP32)


def test_a_machine_without_a_driver_is_an_error() -> None:
    with pytest.raises(EngineError, match=r"no NVIDIA GPU can be used here: libnone\.so is not there"):
        Cuda("libnone.so")


def test_a_module_that_is_not_installed_is_an_error_that_tells_the_command() -> None:
    with pytest.raises(EngineError, match=r"not installed: pip install 'splitdet\[tensorrt\]'"):
        Api("tensorrt_of_nobody")


def test_a_version_that_is_too_old_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tensorrt_old.py").write_text("__version__ = '8.2.1.8'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineError, match=r"TensorRT 8\.2\.1\.8 is too old; splitdet needs 8\.5"):
        Api("tensorrt_old")
