"""Which engine runs a model: the one that was asked for, or the fastest that is right here."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import logging
import platform
from contextlib import closing
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

from splitdet import __version__
from splitdet.cache import cache_file, write_cache
from splitdet.compat import package_version
from splitdet.config import Config
from splitdet.engines.base import EVERYTHING, Engine, usable_cores
from splitdet.engines.parity import TOLERANCE, compare, frames_per_second, trial_picture
from splitdet.errors import CutError, EngineError
from splitdet.models import TRT_V1
from splitdet.models.base import Model
from splitdet.models.fast_nms import FastNms
from splitdet.models.nms_settings import TENSORFLOW_2
from splitdet.models.onnx_parts import OnnxParts
from splitdet.models.parts import GraphParts
from splitdet.plan import (
    Back,
    FastBack,
    FrameFront,
    FramesFront,
    Front,
    GraphBack,
    ReadBack,
    ResizedFront,
    SuppressedBack,
)
from splitdet.types import Selection


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

        return OpenVinoEngine(config.device, config.precision, feeders)
    if name == "onnxruntime":
        from splitdet.engines.onnxruntime import OnnxEngine

        return OnnxEngine(config.device, config.precision, feeders)
    if name == "tensorrt":
        from splitdet.engines.tensorrt.engine import TensorRTEngine
        from splitdet.engines.tensorrt.options import BuildOptions

        batch = config.batch_size
        return TensorRTEngine(
            BuildOptions(config.precision, batch, batch > 1, calibration=config.calibration)
        )
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


def make_ends(
    engine: Engine, config: Config, model: Model, selection: Selection, split: bool
) -> Tuple[Front, Back]:
    """Frames to the cut by `engine`, and from there to detections.

    Raises:
        CutError: see `make_back`.
        EngineError: `engine` cannot run this model.
    """
    takes_image = engine.starts_at == "image"
    in_two = split or not takes_image
    back = make_back(config, model, in_two, by_tensorflow=takes_image)
    if isinstance(back, FastBack) and config.nms == "auto" and model.resizes_like_tensorflow:
        part, threshold = model.parts.network(), selection.threshold
        runner = engine.compile_frames(part, back.settings, threshold, inside=not split)
        if runner is not None:
            return FramesFront(model, runner, True), SuppressedBack(model, back)
    if in_two and not split:
        raise EngineError(
            f"{engine.description} has no NMS of its own for this model; set split_model: True"
        )
    return make_front(engine, model, split), back


def make_front(engine: Engine, model: Model, split: bool = True) -> Front:
    """Frames to the cut by `engine`, or to the results where the graph is not split."""
    parts = model.parts
    if not split:
        return FrameFront(model, engine.compile(parts.whole(), parts.cpu_scopes))
    if engine.starts_at == "image":
        return FrameFront(model, engine.compile(parts.accelerator(), parts.cpu_scopes))
    if model.resizes_like_tensorflow:
        runner = engine.compile_frames(parts.network(), None, 0.0, False)
        if runner is not None:
            return FramesFront(model, runner, False)
    return ResizedFront(model, engine.compile(parts.network(), ()))


def make_back(config: Config, model: Model, split: bool, by_tensorflow: bool) -> Back:
    """From what the front gives to detections.

    Args:
        by_tensorflow: the network runs by TensorFlow, so its release decides what its NMS keeps;
            otherwise it is not loaded, and the fast NMS keeps what TensorFlow 2 keeps.

    Raises:
        CutError: `nms: fast` or a threshold for it was asked for, and this graph's NMS is none that it
            knows.
    """
    if not split:
        return ReadBack(model)

    def by_graph() -> Back:
        engine = make_engine("tensorflow", _exact(config), 1)
        return GraphBack(model, engine.compile(model.parts.cpu(), EVERYTHING))

    if config.nms == "graph":
        return by_graph()
    try:
        like = None if by_tensorflow else TENSORFLOW_2
        return FastBack(FastNms(model.parts, like, config.nms_score_th), by_graph)
    except CutError as error:
        if config.nms == "fast":
            raise CutError(f"nms is fast, but {error}; set nms: auto or graph") from None
        if config.nms_score_th:
            raise CutError(
                f"nms_score_th is {config.nms_score_th:g}, but {error}; set nms_score_th: 0"
            ) from None
        log.debug("the graph's own NMS runs: %s", error)
        return by_graph()


def installed_engines(file_format: str = GraphParts.file_format) -> List[str]:
    """Names of the engines that `auto` has the choice of for files of this format."""
    needed = _READERS[file_format].packages
    return [name for name, packages in needed.items() if all(map(importlib.util.find_spec, packages))]


def choose_engine(config: Config, model: Model, feeders: int, split: bool) -> Engine:
    """The engine that the configuration asks for; `auto` is decided here.

    Raises:
        EngineError: it is not installed, or cannot run this model.
    """
    takes_network = model.parts.resized is not None
    readers = _READERS[model.parts.file_format]
    engine = config.engine
    if config.model_type == TRT_V1 and engine == "auto":
        engine = "tensorrt"
    if engine != "auto":
        known = [*readers.packages, "tensorrt"]
        if engine not in known:
            raise EngineError(
                f"engine {engine} does not run {model.parts.file_format}; set engine: "
                + ", ".join(["auto", *known])
            )
        has_nms = engine in ("tensorflow", "tensorrt")
        if engine != "tensorflow" and not (takes_network and (split or has_nms)):
            reason = f"this one is {model.type_name}" if split else "split_model is False"
            raise EngineError(
                f"engine {engine} runs the network of a single-shot detector that is split, but "
                f"{reason}; set engine: tensorflow"
            )
        return make_engine(engine, config, feeders)
    installed = installed_engines(model.parts.file_format)
    candidates = installed
    if config.precision != "fp32":
        wants_tensorflow = config.precision == "tf32"
        candidates = [name for name in installed if (name == "tensorflow") == wants_tensorflow]
    if not (split and takes_network) or not candidates:
        candidates = [readers.reference]
    if candidates == [readers.reference]:
        return make_engine(readers.reference, config, feeders)
    if readers.reference not in installed:
        log.info("%s is not installed, so engine %s is not compared", readers.called, candidates[0])
        return make_engine(candidates[0], config, feeders)
    return make_engine(_fastest(candidates, config, model, feeders), config, feeders)


def _exact(config: Config) -> Config:
    """The same settings, with a precision that is good enough to compare others with."""
    if config.precision in TENSORFLOW_PRECISIONS:
        return config
    return dataclasses.replace(config, precision="fp32")


def _fastest(candidates: List[str], config: Config, model: Model, feeders: int) -> str:
    """The fastest engine that agrees with the reference here; found once, then remembered."""
    verdicts_file = cache_file(VERDICTS)
    verdicts = _read_verdicts(verdicts_file)
    readers = _READERS[model.parts.file_format]
    key = _key(candidates, config, model, feeders)
    if verdicts.get(key) in candidates:
        return verdicts[key]
    rates = _measure(candidates, config, model, feeders)
    if not rates:
        raise EngineError(
            f"no engine that is installed has precision {config.precision} and agrees with "
            + readers.called
        )
    best = max(rates, key=lambda name: rates[name])
    others = ", ".join(f"{name} {rates[name] / rates[best]:.2f}" for name in rates if name != best)
    log.info(
        *("engine %s is the fastest here that agrees with %s (others: %s)", best),
        *(readers.called, others),
    )
    verdicts[key] = best
    write_cache(verdicts_file, json.dumps(verdicts, indent=1).encode())
    return best


def _measure(
    candidates: List[str], config: Config, model: Model, feeders: int
) -> Dict[str, float]:
    """Frames per second of each engine whose raw outputs are those of the reference."""
    image = trial_picture()
    rates: Dict[str, float] = {}
    known, called, _ = _READERS[model.parts.file_format]
    plain = make_engine(known, _exact(config), feeders)
    with closing(make_front(plain, model)) as front:
        reference = front.run(front.prepare([image]))
        if known in candidates and _exact(config) == config:
            rates[known] = frames_per_second(front, image, feeders)
    for name in candidates:
        if name in rates:
            continue
        try:
            with closing(make_front(make_engine(name, config, feeders), model)) as front:
                difference = compare(front, reference, image)
                if difference.within(TOLERANCE[config.precision]):
                    rates[name] = frames_per_second(front, image, feeders)
                else:
                    log.warning("engine %s differs from %s (%s); not used", name, called, difference)
        except EngineError as error:
            log.info("engine %s: %s", name, error)
    return rates


def _read_verdicts(path: Path) -> Dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _key(candidates: List[str], config: Config, model: Model, feeders: int) -> str:
    """Changes with the network, the versions of the engines, the machine and the settings."""
    digest = hashlib.sha256(model.parts.network().data)
    packages = _READERS[model.parts.file_format].packages
    for name in sorted(candidates):
        digest.update(f"{name} {package_version(packages[name][0])}".encode())
    machine = (platform.machine(), _processor(), usable_cores())
    settings = (config.device, config.precision, feeders, __version__)
    digest.update(repr((machine, settings)).encode())
    return digest.hexdigest()[:32]


def _processor() -> str:
    """What the processor calls itself."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    return next((line for line in text.splitlines() if line.startswith("model name")), "")
