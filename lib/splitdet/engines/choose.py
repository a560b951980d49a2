"""Which engine runs a model: the one that was asked for, or the fastest that is right here."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import logging
import platform
from pathlib import Path
from typing import Dict, List, NamedTuple

import numpy as np

from splitdet import __version__
from splitdet.cache import cache_file, write_cache
from splitdet.compat import package_version
from splitdet.config import Config
from splitdet.engines.base import EVERYTHING, Engine, usable_cores
from splitdet.engines.cache import key_of
from splitdet.engines.parity import TOLERANCE, compare, frames_per_second, trial_picture
from splitdet.engines.pictures import Pictures, first_picture
from splitdet.errors import CutError, EngineError
from splitdet.models import TRT_V1
from splitdet.models.base import Model
from splitdet.models.fast_nms import FastNms
from splitdet.models.nms_settings import TENSORFLOW_2
from splitdet.plan import Back, FastBack, FrameFront, Front, GraphBack, ReadBack, ResizedFront
from splitdet.types import Selection

_PACKAGES = {
    "openvino": ["openvino"],
    "onnxruntime": ["onnxruntime", "tf2onnx"],
    "tensorflow": ["tensorflow"],
}
TENSORFLOW_PRECISIONS = ("fp32", "tf32")
VERDICTS = "engines.json"
log = logging.getLogger(__name__)


def make_engine(name: str, config: Config, feeders: int) -> Engine:
    """An engine by its name.

    Raises:
        EngineError: not installed, or without what the configuration asks for.
    """
    if name == "openvino":
        from splitdet.engines.openvino import OpenVinoEngine

        return OpenVinoEngine(config.device, config.precision, feeders, config.calibration)
    if name == "onnxruntime":
        from splitdet.engines.onnxruntime import OnnxEngine

        return OnnxEngine(config.device, config.precision, feeders)
    if name == "tensorrt":
        from splitdet.engines.tensorrt.engine import TensorRTEngine
        from splitdet.engines.tensorrt.options import BuildOptions

        batch = config.batch_size
        calibration = config.calibration if config.precision == "int8" else ""
        return TensorRTEngine(BuildOptions(config.precision, batch, batch > 1, calibration=calibration))
    if config.precision not in TENSORFLOW_PRECISIONS:
        raise EngineError(
            f"engine tensorflow has no precision {config.precision}, only fp32 and tf32; "
            "set engine: openvino, or precision: fp32"
        )
    from splitdet.engines.tensorflow import SessionOptions, TensorFlowEngine

    options = SessionOptions(
        allow_memory_growth=config.allow_memory_growth,
        force_gpu_compatible=config.force_gpu_compatible,
        log_device=config.log_device,
        feeders=feeders,
        tf32=config.precision == "tf32",
    )
    return TensorFlowEngine(config.device, options)


def make_front(engine: Engine, model: Model, split: bool = True) -> Front:
    """Frames to the cut by `engine`, or to the results where the graph is not split."""
    parts = model.parts
    if not split:
        return FrameFront(model, engine.compile(parts.whole(), parts.cpu_scopes))
    if engine.starts_at == "image":
        return FrameFront(model, engine.compile(parts.accelerator(), parts.cpu_scopes))
    return ResizedFront(model, engine.compile(parts.network(), ()))


def make_back(
    config: Config, model: Model, selection: Selection, split: bool, by_tensorflow: bool
) -> Back:
    """From what the front gives to detections.

    Args:
        by_tensorflow: the network runs by TensorFlow, so its release decides what its NMS keeps;
            otherwise it is not loaded, and the fast NMS keeps what TensorFlow 2 keeps.

    Raises:
        CutError: `nms: fast` was asked for, and this graph's NMS is none that it knows.
    """
    if not split:
        return ReadBack(model, selection)

    def by_graph() -> Back:
        engine = make_engine("tensorflow", _for_tensorflow(config), 1)
        return GraphBack(model, selection, engine.compile(model.parts.cpu(), EVERYTHING))

    if config.nms == "graph":
        return by_graph()
    try:
        like = None if by_tensorflow else TENSORFLOW_2
        is_rounded = config.precision not in TENSORFLOW_PRECISIONS
        return FastBack(FastNms(model.parts, like, is_rounded), selection, by_graph)
    except CutError as error:
        if config.nms == "fast":
            raise CutError(f"nms is fast, but {error}; set nms: auto or graph") from None
        log.debug("the graph's own NMS runs: %s", error)
        return by_graph()


def installed_engines() -> List[str]:
    """Names of the engines that `auto` has the choice of."""
    return [name for name, packages in _PACKAGES.items() if all(map(importlib.util.find_spec, packages))]


class Opened(NamedTuple):
    """An engine with a model ready to run on it."""

    engine: Engine
    front: Front


def open_front(config: Config, model: Model, feeders: int, split: bool) -> Opened:
    """The model on the engine that the configuration asks for; `auto` is decided here.

    Raises:
        EngineError: it is not installed, or cannot run this model.
    """
    takes_network = split and model.parts.resized is not None
    engine = config.engine
    if config.model_type == TRT_V1 and engine == "auto":
        engine = "tensorrt"
    if engine != "auto":
        if engine != "tensorflow" and not takes_network:
            reason = f"this one is {model.type_name}" if split else "split_model is False"
            raise EngineError(
                f"engine {engine} runs the network of a single-shot detector that is split, but "
                f"{reason}; set engine: tensorflow"
            )
        return _open(engine, config, model, feeders, split)
    candidates = installed_engines()
    if config.precision == "tf32":
        candidates = ["tensorflow"]
    elif config.precision != "fp32":
        candidates = [name for name in candidates if name != "tensorflow"]
    if not takes_network or candidates == ["tensorflow"] or not candidates:
        return _open("tensorflow", config, model, feeders, split)
    return _fastest(candidates, config, model, feeders)


def _open(name: str, config: Config, model: Model, feeders: int, split: bool = True) -> Opened:
    engine = make_engine(name, config, feeders)
    return Opened(engine, make_front(engine, model, split))


def _for_tensorflow(config: Config) -> Config:
    """The same settings, with a precision that TensorFlow has."""
    if config.precision in TENSORFLOW_PRECISIONS:
        return config
    return dataclasses.replace(config, precision="fp32")


def _fastest(candidates: List[str], config: Config, model: Model, feeders: int) -> Opened:
    """The fastest engine that agrees with TensorFlow here; found once, then remembered."""
    verdicts_file = cache_file(VERDICTS)
    verdicts = _read_verdicts(verdicts_file)
    key = _key(candidates, config, model, feeders)
    if verdicts.get(key) in candidates:
        return _open(verdicts[key], config, model, feeders)
    agreeing = _agreeing(candidates, config, model, feeders)
    if not agreeing:
        raise EngineError(
            f"no engine that is installed has precision {config.precision} and agrees with TensorFlow"
        )
    fronts = {name: opened.front for name, opened in agreeing.items()}
    rates = frames_per_second(fronts, _trial_image(config), feeders)
    best = max(rates, key=lambda name: rates[name])
    for name, front in fronts.items():
        if name != best:
            front.close()
    others = ", ".join(f"{name} {rates[name] / rates[best]:.2f}" for name in rates if name != best)
    log.info("engine %s is the fastest here that agrees with TensorFlow (others: %s)", best, others)
    verdicts[key] = best
    write_cache(verdicts_file, json.dumps(verdicts, indent=1).encode())
    return agreeing[best]


def _trial_image(config: Config) -> np.ndarray:
    """The ranges of INT8 hold for pictures like those that it was calibrated with: one of them."""
    return first_picture(config.calibration) if config.precision == "int8" else trial_picture()


def _agreeing(
    candidates: List[str], config: Config, model: Model, feeders: int
) -> Dict[str, Opened]:
    """Each engine whose raw outputs are those of TensorFlow."""
    image = _trial_image(config)
    found: Dict[str, Opened] = {}
    plain = _open("tensorflow", _for_tensorflow(config), model, feeders)
    reference = plain.front.run(plain.front.prepare([image]))
    if "tensorflow" in candidates:
        found["tensorflow"] = plain
    else:
        plain.front.close()
    for name in candidates:
        if name != "tensorflow":
            try:
                opened = _open(name, config, model, feeders)
                difference = compare(opened.front, reference, image)
            except EngineError as error:
                log.info("engine %s: %s", name, error)
                continue
            if difference.within(TOLERANCE[config.precision]):
                found[name] = opened
            else:
                log.warning("engine %s differs from TensorFlow (%s); not used", name, difference)
                opened.front.close()
    return found


def _read_verdicts(path: Path) -> Dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _key(candidates: List[str], config: Config, model: Model, feeders: int) -> str:
    """Changes with the network, the versions of the engines, the machine and the settings."""
    # a map has no order of its own, and the key must not depend on it
    network = model.parts.network().graph_def.SerializeToString(deterministic=True)
    versions = [f"{name} {package_version(_PACKAGES[name][0])}" for name in sorted(candidates)]
    machine = (platform.machine(), _processor(), usable_cores())
    settings = (config.device, config.precision, feeders, __version__)
    pictures = Pictures(config.calibration, (1, 1)).digest if config.precision == "int8" else ""
    return key_of("verdict", network, *versions, repr((machine, settings)), pictures)[:32]


def _processor() -> str:
    """What the processor calls itself."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    return next((line for line in text.splitlines() if line.startswith("model name")), "")
