"""A model made ready to run: the three steps of the pipeline, or all of them in one call."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Optional, Union

import cv2
import numpy as np

from splitdet.config import Config, make_config
from splitdet.engines.base import Engine, Runner
from splitdet.errors import ConfigError, EngineError, ModelError
from splitdet.graph.load import load_graph
from splitdet.labels import Labels, load_labels
from splitdet.models import identify
from splitdet.models.base import Model
from splitdet.types import Batch, Detections, check_image
from splitdet.zoo.find import find_model

WARM_UP_SIZE_PX = (300, 300)
log = logging.getLogger(__name__)


class Detector:
    """Finds objects in pictures.

        detector = Detector("models/ssdlite_mobilenet_v2_coco_2018_05_09", det_th=0.3)
        found = detector.detect(cv2.imread("dog.jpg"))

    `detect` may be called from several threads at once.

    Args:
        model: a frozen graph, a folder with one in it, or a name under models/.
        config: any key of config.yml. Unless `accelerator_feeders` says how many threads will
            call `detect` at once, one call gets all cores.

    Raises:
        ModelError: no such model, or not a detection graph.
        ConfigError: a key is wrong, or does not fit the graph.
        EngineError: the engine or the device is not usable.
    """

    def __init__(self, model: Union[str, Path], **config: Any) -> None:
        self._open(make_config(**{"accelerator_feeders": 1, **config, "model_path": str(model)}))

    @classmethod
    def from_config(cls, config: Config) -> Detector:
        """The detector that `config` describes."""
        detector = cls.__new__(cls)
        detector._open(config)
        return detector

    def _open(self, config: Config) -> None:
        self.config = config
        self.labels: Labels = load_labels(config.label_path)
        path = find_model(config.model_path)
        try:
            self.model: Model = identify(load_graph(path), config.model_type)
            _check_against(config, self.model)
        except ModelError as error:
            text = str(error)
            raise type(error)(text if str(path) in text else f"{path}: {text}") from None
        self.engine: Engine = _make_engine(config)
        parts = self.model.parts
        self._cpu: Optional[Runner] = None
        if self.split:
            self._accelerator = self.engine.compile(parts.accelerator(), parts.cpu_scope)
            self._cpu = self.engine.compile(parts.cpu(), "")
        else:
            self._accelerator = self.engine.compile(parts.whole(), parts.cpu_scope)

    @property
    def split(self) -> bool:
        """Whether the graph runs in two halves."""
        return self.config.split_model and bool(self.model.parts.cut)

    def __enter__(self) -> Detector:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def detect(self, image: np.ndarray) -> Detections:
        """What is in one picture: everything from `det_th` on, at most `max_boxes`, best first.

        Args:
            image: uint8 (H, W, 3), BGR, as OpenCV reads it. It is not changed.

        Raises:
            ValueError: not such an array.
        """
        check_image(image)
        batch = Batch([], (_rgb(image)[np.newaxis],))
        self.accelerate(batch)
        self.suppress(batch)
        return batch.results[0]

    def warm_up(self, height: int = WARM_UP_SIZE_PX[0], width: int = WARM_UP_SIZE_PX[1]) -> None:
        """Run once on an empty picture: first runs are slow."""
        self.detect(np.zeros((height, width, 3), np.uint8))

    def prepare(self, batch: Batch) -> None:
        """Frames to what the graph takes: uint8 (B, H, W, 3), RGB."""
        batch.tensors = (np.stack([_rgb(frame.image) for frame in batch.frames]),)

    def accelerate(self, batch: Batch) -> None:
        """Run the accelerator part, or the whole graph when it is not split."""
        batch.tensors = self._accelerator.run(batch.tensors)

    def suppress(self, batch: Batch) -> None:
        """Run the CPU part when there is one, and read the results."""
        if self._cpu is not None:
            batch.tensors = self._cpu.run(batch.tensors)
        rows = len(batch.tensors[0])
        config = self.config
        batch.results = [
            self.model.result(batch.tensors, row).top(config.det_th, config.max_boxes)
            for row in range(rows)
        ]
        batch.tensors = ()

    def close(self) -> None:
        """Give memory and devices back."""
        self._accelerator.close()
        if self._cpu is not None:
            self._cpu.close()


def _rgb(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _make_engine(config: Config) -> Engine:
    if config.precision != "fp32":
        raise EngineError(
            f"precision {config.precision} needs an engine that this version does not have; "
            "set precision: fp32"
        )
    from splitdet.engines.tensorflow import SessionOptions, TensorFlowEngine

    options = SessionOptions(
        allow_memory_growth=config.allow_memory_growth,
        force_gpu_compatible=config.force_gpu_compatible,
        log_device=config.log_device,
        feeders=config.accelerator_feeders,
    )
    return TensorFlowEngine(config.device, options)


def _check_against(config: Config, model: Model) -> None:
    """Refuse settings that contradict the graph."""
    if config.split_shape and not config.split_model:
        log.info("split_shape is not used: split_model is False")
    claims = [("num_classes", config.num_classes, model.classes, "classes")]
    if config.split_model:
        claims.append(("split_shape", config.split_shape, model.anchors, "anchors"))
    for key, claimed, found, what in claims:
        if claimed and found is not None and claimed != found:
            raise ConfigError(
                f"{key} is {claimed}, but the graph has {found} {what}; "
                f"set {key}: {found}, or 0 to take it from the graph"
            )
    if config.batch_size > 1 and not model.takes_batches:
        raise ConfigError(
            f"batch_size is {config.batch_size}, but this graph takes one frame at a time; "
            "set batch_size: 1"
        )
