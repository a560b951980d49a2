"""A model made ready to run: the three steps of the pipeline, or all of them in one call."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from splitdet.config import Config, make_config
from splitdet.engines.base import Described, refusing
from splitdet.errors import ConfigError, EngineError
from splitdet.labels import Labels, load_labels
from splitdet.loading import load_model
from splitdet.models import AUTO
from splitdet.models.base import Model
from splitdet.startup import StartUp
from splitdet.steps import LocalSteps, Steps, alone
from splitdet.threshold import LiveThreshold
from splitdet.types import Batch, Detections, Selection
from splitdet.zoo.find import model_files
from splitdet.zoo.manifest import Manifest
from splitdet.zoo.manifest import label_path as manifest_labels

WARM_UP_SIZE_PX = (300, 300)
log = logging.getLogger(__name__)


class Detector:
    """Finds objects in pictures.

        detector = Detector("models/ssdlite_mobilenet_v2_coco_2018_05_09", det_th=0.3)
        found = detector.detect(cv2.imread("dog.jpg"))

    `detect` may be called from several threads at once.

    Args:
        model: a frozen graph, an ONNX file, a folder with one in it, or a name under models/.
        config: any key of config.yml. Unless `accelerator_feeders` (`worker_threads` for mask_v1)
            says how many threads will call `detect` at once, one call gets all cores.

    Attributes:
        startup_s: what the start took, in seconds, by the names of `startup`; `warm_up` is there after
            the first call of `detect`.

    Raises:
        ModelError: no such model, or not a detection graph.
        ConfigError: a key is wrong, or does not fit the graph.
        EngineError: the engine or the device is not usable.
    """

    def __init__(self, model: Union[str, Path], **config: Any) -> None:
        alone = {"accelerator_feeders": 1, "worker_threads": 1}
        self._open(make_config(**{**alone, **config, "model_path": str(model)}))

    @classmethod
    def from_config(cls, config: Config) -> Detector:
        """The detector that `config` describes."""
        detector = cls.__new__(cls)
        detector._open(config)
        return detector

    def _open(self, config: Config) -> None:
        start = StartUp()
        self.config = config
        files = model_files(config.model_path)
        # retrained models often keep the name of one of the zoo, whose manifest then says nothing
        manifest = files.manifest if files.manifest and files.manifest.folder else None
        self.model: Model = load_model(files.graph, _claimed_type(config, manifest))
        _check_against(config, self.model)
        self.labels = _choose_labels(config, manifest, self.model)
        start.lap("load")
        self._selection = Selection(
            *(config.det_th, config.max_boxes, config.region_area_px),
            classes=self.labels.ids(config.classes),
            roi=config.roi,
        )
        self.threshold = LiveThreshold(config.det_th)
        """May be moved at any time, from any thread."""
        self.steps: Steps = self._make_steps()
        self._closed = False
        start.lap("build")
        self.startup_s = start.spans_s

    def _make_steps(self) -> Steps:
        if self.config.devices:
            from splitdet.processes.devices import DeviceSteps

            return DeviceSteps(self.config, self.model)
        return LocalSteps(self.config, self.model, self.split)

    @property
    def engine(self) -> Described:
        """Who computes the network."""
        return self.steps.engine

    @property
    def feeders(self) -> int:
        """Threads that may run the network at once."""
        return self.steps.feeders

    @property
    def selection(self) -> Selection:
        """What is reported now."""
        return replace(self._selection, threshold=self.threshold.score)

    @property
    def split(self) -> bool:
        """Whether the graph runs in two halves."""
        return self.config.split_model and bool(self.model.parts.cut)

    @property
    def network_bytes(self) -> int:
        """Size of the network's file in the form that the engine runs; of the whole graph where it is
        not split. 0 where the engine does not tell.
        """
        return self.steps.network_bytes

    def __enter__(self) -> Detector:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def detect(self, image: np.ndarray, det_th: Optional[float] = None) -> Detections:
        """What is in one picture: everything from `threshold` on, of `classes` and in `roi`, at most
        `max_boxes`, best first.

        Args:
            image: uint8 (H, W, 3), BGR, as OpenCV reads it. It is not changed.
            det_th: least score, for this picture; None: as the configuration says.

        Raises:
            ValueError: not such an array, a `det_th` that is not 0 to 1, or one below `threshold`:
                nothing is looked at there.
            EngineError: the detector is closed.
        """
        self._check_open()
        if det_th is not None and not 0 <= det_th <= 1:
            raise ValueError(f"det_th: expects a number from 0 to 1, got {det_th}")
        selection = self.selection
        if det_th is not None and det_th < selection.threshold:
            raise ValueError(
                f"det_th {det_th:g} is less than that of the detector, {selection.threshold:g}; "
                f"open it with det_th={det_th:g}"
            )
        batch = alone(image)
        begin_s = time.perf_counter()
        self.steps.take(batch, selection)
        self.startup_s.setdefault("warm_up", time.perf_counter() - begin_s)
        found = batch.results[0]
        return found if det_th is None else found.top(det_th, selection.limit)

    def warm_up(self, height: int = WARM_UP_SIZE_PX[0], width: int = WARM_UP_SIZE_PX[1]) -> None:
        """Run once on an empty picture: first runs are slow.

        Raises:
            EngineError: the engine cannot run the model after all, or the detector is closed.
        """
        self._check_open()
        begin_s = time.perf_counter()
        with refusing(self.engine.description):
            self.steps.warm_up(np.zeros((height, width, 3), np.uint8), self.selection)
        self.startup_s.setdefault("warm_up", time.perf_counter() - begin_s)

    def prepare(self, batch: Batch) -> None:
        """See `Steps.prepare`."""
        self._check_open()
        self.steps.prepare(batch)

    def accelerate(self, batch: Batch) -> None:
        """See `Steps.accelerate`."""
        self.steps.accelerate(batch, self.selection)

    def suppress(self, batch: Batch) -> None:
        """See `Steps.suppress`."""
        self.steps.suppress(batch, self.selection)

    def close(self) -> None:
        """Give memory and devices back."""
        self._closed = True
        self.steps.close()

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("this Detector is closed; make another one")


def _claimed_type(config: Config, manifest: Optional[Manifest]) -> str:
    """The type that the user says it is."""
    if config.model_type == AUTO and manifest is not None:
        return manifest.model_type
    return config.model_type


def _choose_labels(config: Config, manifest: Optional[Manifest], model: Model) -> Labels:
    """The map of the configuration, of the manifest, or the one that fits; else bare numbers."""
    fitting = manifest_labels(manifest) or model.default_labels
    if config.label_path:
        labels = load_labels(config.label_path)
        # the old program did not read label_path for DeepLab, so its files name any map there
        if model.parts.cut or not model.default_labels or max(labels.names) <= (model.classes or 0):
            return labels
        log.warning(
            "label_path %s has ids up to %d, but the model has %d classes: using %s",
            *(config.label_path, max(labels.names), model.classes, fitting),
        )
    return load_labels(fitting) if fitting else Labels({})


def _check_against(config: Config, model: Model) -> None:
    """Refuse settings that contradict the graph; say which ones do not matter to it."""
    split = config.split_model and bool(model.parts.cut)
    if not model.parts.results and (config.nms == "graph" or not config.split_model):
        key, value = ("nms", "auto") if config.split_model else ("split_model", True)
        raise ConfigError(
            f"{key} is {getattr(config, key)}, but the NMS of {model.type_name} is not in its file; "
            f"set {key}: {value}"
        )
    if config.nms_score_th and (not split or config.nms == "graph"):
        why = "nms is graph" if split else _why_unused(config, model)
        raise ConfigError(
            f"nms_score_th is {config.nms_score_th:g}, but the graph's own NMS runs ({why}); "
            "set nms_score_th: 0"
        )
    claims = [
        ("num_classes", config.num_classes, model.classes if model.parts.cut else None, "classes"),
        ("split_shape", config.split_shape, model.anchors if split else None, "anchors"),
    ]
    for key, claimed, found, what in claims:
        if claimed and found is None:
            log.info("%s is not used: %s", key, _why_unused(config, model))
        elif claimed and claimed != found:
            raise ConfigError(
                f"{key} is {claimed}, but the graph has {found} {what}; "
                f"set {key}: {found}, or 0 to take it from the graph"
            )
    if config.batch_size > 1 and not model.takes_batches:
        raise ConfigError(
            f"batch_size is {config.batch_size}, but this graph takes one frame at a time; "
            "set batch_size: 1"
        )


def _why_unused(config: Config, model: Model) -> str:
    if not model.parts.cut:
        return f"{model.type_name} is not split"
    return "split_model is False" if not config.split_model else f"the graph is {model.type_name}"
