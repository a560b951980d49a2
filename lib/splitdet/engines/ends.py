"""A model on an engine: a front that takes frames, and a back that gives detections."""

from __future__ import annotations

import dataclasses
import logging
from typing import Callable, NamedTuple

from splitdet.config import Config
from splitdet.engines.base import EVERYTHING, Engine, Suppression
from splitdet.engines.make import TENSORFLOW_PRECISIONS, make_engine
from splitdet.errors import CutError, EngineError
from splitdet.graph.cut import Part
from splitdet.models.base import Model
from splitdet.models.fast_nms import FastNms
from splitdet.models.nms_settings import TENSORFLOW_2
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

log = logging.getLogger(__name__)


class Ends(NamedTuple):
    """A model, ready to run."""

    engine: Engine
    front: Front
    back: Back


def make_ends(
    engine: Engine, config: Config, model: Model, split: bool, at_least: Callable[[], float]
) -> Ends:
    """The model on `engine`.

    Args:
        at_least: see `Suppression`.

    Raises:
        CutError: see `make_back`.
        EngineError: `engine` cannot run this model.
    """
    takes_image = _takes_image(engine, model)
    in_two = split or not takes_image
    back = make_back(config, model, in_two, by_tensorflow=engine.starts_at == "image")
    resizes = not takes_image and model.resizes_like_tensorflow
    if resizes and isinstance(back, FastBack) and config.nms == "auto":
        nms = Suppression(back.settings, at_least, inside=not split)
        runner = engine.compile_frames(model.parts.network(), nms)
        if runner is not None:
            return Ends(engine, FramesFront(model, runner, True), SuppressedBack(model, back))
    if in_two and not split:
        raise EngineError(
            f"{engine.description} has no NMS of its own for this model; set split_model: True"
        )
    return Ends(engine, make_front(engine, model, split), back)


def make_front(engine: Engine, model: Model, split: bool = True) -> Front:
    """Frames to the cut by `engine`, or to the results where the graph is not split."""
    parts = model.parts
    if not split or _takes_image(engine, model):
        return FrameFront(model, engine.compile(frames_part(model, split), parts.cpu_scopes))
    if model.resizes_like_tensorflow:
        runner = engine.compile_frames(parts.network())
        if runner is not None:
            return FramesFront(model, runner, False)
    return ResizedFront(model, engine.compile(parts.network(), ()))


def frames_part(model: Model, split: bool) -> Part:
    """What takes frames as they are: up to the cut, or all of a graph that is not split."""
    return model.parts.accelerator() if split else model.parts.whole()


def _takes_image(engine: Engine, model: Model) -> bool:
    """Whether frames go to `engine` as they are: it prefers that, or they have no size in common."""
    return engine.starts_at == "image" or model.parts.resized is None


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
        engine = make_engine("tensorflow", exact(config), 1)
        return GraphBack(model, engine.compile(model.parts.cpu(), EVERYTHING))

    if config.nms == "graph":
        return by_graph()
    try:
        like = None if by_tensorflow else TENSORFLOW_2
        is_rounded = config.precision not in TENSORFLOW_PRECISIONS
        nms = FastNms(model.parts, like, config.nms_score_th, is_rounded)
        return FastBack(nms, by_graph)
    except CutError as error:
        if config.nms == "fast":
            raise CutError(f"nms is fast, but {error}; set nms: auto or graph") from None
        if config.nms_score_th:
            raise CutError(
                f"nms_score_th is {config.nms_score_th:g}, but {error}; set nms_score_th: 0"
            ) from None
        log.debug("the graph's own NMS runs: %s", error)
        return by_graph()


def exact(config: Config) -> Config:
    """The same settings, with a precision that is good enough to compare others with."""
    if config.precision in TENSORFLOW_PRECISIONS:
        return config
    return dataclasses.replace(config, precision="fp32")
