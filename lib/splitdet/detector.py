"""A model made ready to run: the three steps of the pipeline, or all of them in one call."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from splitdet.config import Config, make_config
from splitdet.engines.base import Engine
from splitdet.engines.choose import make_back, open_front
from splitdet.errors import ConfigError
from splitdet.labels import Labels, load_labels
from splitdet.models import AUTO
from splitdet.models.base import Model
from splitdet.open_model import open_model
from splitdet.plan import Back, Front
from splitdet.startup import StartUp
from splitdet.types import Batch, Detections, Selection, check_image
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
        model: a frozen graph, a folder with one in it, or a name under models/.
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
        self.model: Model = open_model(files.graph, _claimed_type(config, manifest))
        _check_against(config, self.model)
        self.labels = _choose_labels(config, manifest, self.model)
        start.lap("load")
        selection = Selection(config.det_th, config.max_boxes, config.region_area_px)
        self.engine: Engine
        self._front: Front
        self.engine, self._front = open_front(config, self.model, self.feeders, self.split)
        by_tensorflow = self.engine.starts_at == "image"
        self._back: Back = make_back(config, self.model, selection, self.split, by_tensorflow)
        start.lap("build")
        self.startup_s = start.spans_s

    @property
    def feeders(self) -> int:
        """Threads that may run the network at once."""
        return int(getattr(self.config, self.model.feeders_key))

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
        begin_s = time.perf_counter()
        batch = Batch([], self._front.prepare([image]))
        self.accelerate(batch)
        self.suppress(batch)
        self.startup_s.setdefault("warm_up", time.perf_counter() - begin_s)
        return batch.results[0]

    def warm_up(self, height: int = WARM_UP_SIZE_PX[0], width: int = WARM_UP_SIZE_PX[1]) -> None:
        """Run once on an empty picture: first runs are slow."""
        self.detect(np.zeros((height, width, 3), np.uint8))

    def prepare(self, batch: Batch) -> None:
        """Frames to what the engine takes."""
        batch.tensors = self._front.prepare([frame.image for frame in batch.frames])

    def accelerate(self, batch: Batch) -> None:
        """Run the accelerator part, or the whole graph when it is not split."""
        batch.tensors = self._front.run(batch.tensors)

    def suppress(self, batch: Batch) -> None:
        """Suppress, unless the graph has done it, and read the results."""
        batch.results = self._back.results(batch.tensors)
        batch.tensors = ()

    def close(self) -> None:
        """Give memory and devices back."""
        self._front.close()
        self._back.close()


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
