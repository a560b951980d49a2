"""TensorFlow behind one face: devices, and the word about a GPU that it cannot use."""

from __future__ import annotations

import importlib
from typing import Dict, List

import pytest

from splitdet import compat
from splitdet.engines.tensorflow import SessionOptions, TensorFlowEngine
from splitdet.errors import EngineError, ExtraError


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """What is said of the GPU on a machine where TensorFlow sees none."""
    said: List[str] = []
    monkeypatch.setattr(compat, "gpus", list)
    monkeypatch.setattr(compat.log, "warning", lambda text, *args: said.append(text % args))
    compat.warn_of_idle_gpu.cache_clear()
    return said


def test_a_gpu_that_tensorflow_cannot_use_is_one_line_with_the_command(
    messages: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compat, "has_nvidia_gpu", lambda: True)
    compat.warn_of_idle_gpu()
    compat.warn_of_idle_gpu()
    (message,) = messages
    assert "pip install 'tensorflow[and-cuda]'" in message
    assert "\n" not in message


def test_a_machine_without_a_gpu_says_nothing(
    messages: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compat, "has_nvidia_gpu", lambda: False)
    compat.warn_of_idle_gpu()
    assert messages == []


def test_insisting_on_a_gpu_that_is_not_there_is_refused(messages: List[str]) -> None:
    with pytest.raises(EngineError, match=r"device is gpu, but TensorFlow .* finds none"):
        TensorFlowEngine("gpu", SessionOptions())


def test_tensorflow_is_quiet() -> None:
    tf = compat.tensorflow()
    assert tf.logging.get_verbosity() == tf.logging.ERROR


def test_a_missing_package_is_one_line_with_the_command() -> None:
    with pytest.raises(ExtraError) as caught, compat.extra("train"):
        importlib.import_module("no_such_package")
    assert str(caught.value) == "no_such_package is not installed: pip install 'splitdet[train]'"


@pytest.mark.parametrize(
    ("installed", "build"),
    [
        ({"onnxruntime": "1.20"}, "onnxruntime 1.20"),
        ({"onnxruntime-gpu": "1.20"}, "onnxruntime-gpu 1.20"),
        ({}, ""),
    ],
)
def test_builds_of_a_package_differ_by_their_names(
    installed: Dict[str, str], build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compat, "package_version", lambda name: installed.get(name, ""))
    assert compat.package_build("onnxruntime") == build


@pytest.mark.parametrize(("hidden", "others"), [("-1", ["0", "1", "GPU-8932f937"]), ("", ["0,1"])])
def test_workers_that_have_a_gpu_each_have_the_same_setup(
    hidden: str, others: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compat, "has_nvidia_gpu", lambda: True)
    setups = []
    for visible in (hidden, *others):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        setups.append(compat.nvidia_setup())
    assert len(set(setups)) == 2
    assert setups[0] not in setups[1:]
