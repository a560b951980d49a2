"""Which engine runs a model: the one that was asked for, or the fastest that is right here."""

from __future__ import annotations

import importlib.util
import json
import logging
import platform
from typing import Callable, Dict, List, NamedTuple

import numpy as np

from splitdet import __version__
from splitdet.cache import cache_file, write_cache
from splitdet.compat import nvidia_setup, package_build
from splitdet.config import Config
from splitdet.engines.base import Engine, refusing, usable_cores
from splitdet.engines.cache import key_of
from splitdet.engines.ends import Ends, exact, frames_part, make_back, make_ends, make_front
from splitdet.engines.make import make_engine
from splitdet.engines.parity import TOLERANCE, compare, frames_per_second, trial_picture
from splitdet.engines.pictures import Pictures, first_picture
from splitdet.engines.tensorrt.api import MODULES as TENSORRT_MODULES
from splitdet.engines.tensorrt.cuda import find_cuda
from splitdet.errors import EngineError, one_line
from splitdet.machine import processor
from splitdet.models import TRT_V1
from splitdet.models.base import Model
from splitdet.models.onnx_parts import OnnxParts
from splitdet.models.parts import GraphParts
from splitdet.plan import FramesFront, Front


class _Readers(NamedTuple):
    """Who runs networks of one file format."""

    reference: str
    """The engine that others must agree with."""
    called: str
    """Its name for people."""
    packages: Dict[str, List[str]]
    """What each engine that `auto` has the choice of needs for it, its own package first."""


_READERS = {
    GraphParts.file_format: _Readers(
        *("tensorflow", "TensorFlow"),
        {
            "openvino": ["openvino"],
            "onnxruntime": ["onnxruntime", "tf2onnx"],
            "tensorflow": ["tensorflow"],
        },
    ),
    OnnxParts.file_format: _Readers(
        *("onnxruntime", "ONNX Runtime"),
        {"openvino": ["openvino"], "onnxruntime": ["onnxruntime"]},
    ),
}
TENSORRT = "tensorrt"
_SUPPRESS = ("tensorflow", TENSORRT)
"""Engines that run a detector with its NMS."""
_TAKE_FRAMES = ("tensorflow", "openvino")
"""Engines that run what takes frames of any size, with the loops that are around its networks."""
VERDICTS = "engines.json"
log = logging.getLogger(__name__)


def installed_engines(file_format: str = GraphParts.file_format) -> List[str]:
    """Names of the engines that `auto` has the choice of for files of this format."""
    needed = _READERS[file_format].packages
    return [name for name, packages in needed.items() if all(map(importlib.util.find_spec, packages))]


def open_ends(
    config: Config, model: Model, feeders: int, split: bool, at_least: Callable[[], float]
) -> Ends:
    """The model on the engine that the configuration asks for; `auto` is decided here.

    Args:
        feeders: threads that will run the network.
        at_least: see `Suppression`.

    Raises:
        CutError: the graph has no such NMS as was asked for.
        EngineError: the engine is not installed, or cannot run this model.
    """

    def by(name: str) -> Ends:
        return make_ends(make_engine(name, config, feeders), config, model, split, at_least)

    engine = config.engine
    if engine == "auto" and (config.model_type == TRT_V1 or config.dla_core >= 0):
        engine = TENSORRT
    if config.dla_core >= 0 and engine != TENSORRT:
        raise EngineError(f"engine {engine} has no DLA; set engine: tensorrt, or dla_core: -1")
    if engine != "auto":
        _check(engine, model, split)
        return by(engine)
    candidates = _candidates(config, model, split)
    if len(candidates) == 1:
        return by(candidates[0])
    key = _key(candidates, config, model, feeders)
    known = _read_verdicts().get(key)
    if known in candidates:
        return by(known)
    best = _fastest(candidates, config, model, feeders)
    verdicts = {**_read_verdicts(), key: best.name}  # others may have come to theirs meanwhile
    write_cache(cache_file(VERDICTS), json.dumps(verdicts, indent=1).encode())
    if isinstance(best.front, FramesFront):  # it may suppress as well, which a trial does not ask for
        best.front.close()
        return by(best.name)
    # it is compiled already
    back = make_back(config, model, split, by_tensorflow=best.engine.starts_at == "image")
    return Ends(best.engine, best.front, back)


def _check(engine: str, model: Model, split: bool) -> None:
    """Refuse an engine that does not run such a model."""
    known = [*_READERS[model.parts.file_format].packages, TENSORRT]
    if engine not in known:
        raise EngineError(
            f"engine {engine} does not run {model.parts.file_format}; set engine: "
            + ", ".join(["auto", *known])
        )
    if model.parts.resized is None and engine not in _TAKE_FRAMES:
        raise EngineError(
            f"engine {engine} runs networks whose input has one size, but this one is "
            f"{model.type_name}, where it varies; set engine: {' or '.join(reversed(_TAKE_FRAMES))}"
        )
    if model.parts.cut and not split and engine not in _SUPPRESS:
        raise EngineError(
            f"engine {engine} runs detectors that are split, but split_model is False; "
            "set engine: tensorflow"
        )


def _candidates(config: Config, model: Model, split: bool) -> List[str]:
    """Names of the engines that `auto` compares; where there is nothing to compare, one."""
    readers = _READERS[model.parts.file_format]
    installed = installed_engines(model.parts.file_format)
    candidates = installed
    if config.precision != "fp32":
        wants_tensorflow = config.precision == "tf32"
        candidates = [name for name in installed if (name == "tensorflow") == wants_tensorflow]
    if not split and model.parts.cpu_scopes:
        return [readers.reference]  # the others take minutes to read an NMS, where they take one at all
    if model.parts.resized is None:
        candidates = [name for name in candidates if name in _TAKE_FRAMES]
    elif config.precision != "tf32" and _is_built(config, model):
        candidates = [*candidates, TENSORRT]
    if not candidates:
        return [readers.reference]
    if readers.reference not in installed:
        log.info("%s is not installed, so engine %s is not compared", readers.called, candidates[0])
        return candidates[:1]
    return candidates


def _is_built(config: Config, model: Model) -> bool:
    """Whether TensorRT has an engine for the model; to build one takes too long for a trial."""
    if not any(map(importlib.util.find_spec, TENSORRT_MODULES)):
        return False
    try:
        find_cuda()  # sooner found missing than TensorRT is loaded
        return make_engine(TENSORRT, config, 1).is_ready(model.parts.network())
    except EngineError:
        return False


class _Trial(NamedTuple):
    """An engine that is right, left open."""

    name: str
    engine: Engine
    front: Front


def _fastest(candidates: List[str], config: Config, model: Model, feeders: int) -> _Trial:
    """The fastest engine that agrees with the reference here."""
    # the ranges of INT8 hold for pictures like those that it was calibrated with
    image = first_picture(config.calibration) if config.precision == "int8" else trial_picture()
    called = _READERS[model.parts.file_format].called
    trials = _agreeing(candidates, config, model, feeders, image)
    if not trials:
        raise EngineError(
            f"no engine that is installed has precision {config.precision} and agrees with {called}"
        )
    rates = frames_per_second({trial.name: trial.front for trial in trials}, image, feeders)
    best = max(trials, key=lambda trial: rates[trial.name])
    others = [trial for trial in trials if trial is not best]
    for trial in others:
        trial.front.close()
    shares = ", ".join(f"{trial.name} {rates[trial.name] / rates[best.name]:.2f}" for trial in others)
    log.info(
        *("engine %s is the fastest here that agrees with %s%s", best.name, called),
        f" (relative rates: {shares})" if shares else "",
    )
    return best


def _agreeing(
    candidates: List[str], config: Config, model: Model, feeders: int, image: np.ndarray
) -> List[_Trial]:
    """Each engine whose raw outputs for `image` are those of the reference."""
    known, called, _ = _READERS[model.parts.file_format]
    trials: List[_Trial] = []
    plain = make_engine(known, exact(config), feeders)
    split = bool(model.parts.cut)
    front = make_front(plain, model, split)
    with refusing(called):
        reference = front.run(front.prepare([image]))
    if known in candidates and exact(config) == config:
        trials.append(_Trial(known, plain, front))
    else:
        front.close()
    for name in candidates:
        if name in [trial.name for trial in trials]:
            continue
        try:
            engine = make_engine(name, config, feeders)
            front = make_front(engine, model, split)
        except EngineError as error:
            named = "" if name in str(error) else f"engine {name}: "
            log.info("%s%s", named, error)
            continue
        tensors = front.prepare([image])
        try:
            front.run(tensors)
        except Exception as error:  # engines' own errors have no class in common
            log.warning("engine %s fails (%s); not used", name, one_line(error))
            front.close()
            continue
        difference = compare(front, reference, image)
        if difference.within(TOLERANCE[config.precision]):
            trials.append(_Trial(name, engine, front))
        else:
            log.warning("engine %s differs from %s (%s); not used", name, called, difference)
            front.close()
    return trials


def _read_verdicts() -> Dict[str, str]:
    try:
        content = json.loads(cache_file(VERDICTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _key(candidates: List[str], config: Config, model: Model, feeders: int) -> str:
    """Changes with the network, the versions of the engines, the machine and the settings."""
    packages = _READERS[model.parts.file_format].packages
    versions = [f"{name} {package_build(packages.get(name, [name])[0])}" for name in sorted(candidates)]
    cores = usable_cores(config.engine_cores)
    machine = (platform.machine(), processor(), cores, nvidia_setup())
    settings = (config.device, config.precision, feeders, __version__)
    pictures = Pictures(config.calibration, (1, 1)).digest if config.precision == "int8" else ""
    facts = (*versions, repr((machine, settings)), pictures)
    has_network = model.parts.resized is not None
    part = model.parts.network() if has_network else frames_part(model, bool(model.parts.cut))
    return key_of("verdict", part.data, *facts)[:32]
