"""What every model type offers: the parts of its file, and what their tensors mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Dict, Optional, Sequence, Tuple

import cv2
import numpy as np

from splitdet.models.parts import Parts
from splitdet.resize import resize_batch
from splitdet.types import Detections, Selection, Tensors

_LABELS_BY_COUNT: Dict[int, str] = {90: "coco", 37: "pets", 601: "open_images", 1: "one_class"}


class Model(ABC):
    """A strategy, one for each `model_type`."""

    type_name: ClassVar[str]
    feeders_key: ClassVar[str] = "accelerator_feeders"
    """The key of config.yml that says how many threads run the network."""
    resizes_like_tensorflow: ClassVar[bool] = True
    """Whether `resize` is `resize.resize_batch`, which an engine may do by itself."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    @classmethod
    @abstractmethod
    def examine(cls, structure: Any) -> Model:
        """The model in a file.

        Args:
            structure: what the file is made of: a `Structure` of a graph, or an `OnnxFile`.

        Raises:
            CutError: the file is not of this type; the message names the rule that failed.
        """

    @property
    def anchors(self) -> Optional[int]:
        """Boxes that a single-shot detector has for every frame; None for other types."""
        return None

    @property
    def classes(self) -> Optional[int]:
        """Classes that the model tells apart, background not counted; None if not known."""
        return None

    @property
    def input_size_px(self) -> Optional[Tuple[int, int]]:
        """Height and width that frames are resized to; None where it depends on the frame."""
        shape = self.parts.network_input.shape
        if shape is None or len(shape) != 4 or shape[1] is None or shape[2] is None:
            return None
        return shape[1], shape[2]

    @property
    def takes_batches(self) -> bool:
        """Whether several frames can go through the graph together."""
        shape = self.parts.image.shape
        return shape is None or shape[0] is None

    @property
    def default_labels(self) -> str:
        """Label map for a model that comes without one; empty where no shipped one fits."""
        return _LABELS_BY_COUNT.get(self.classes or 0, "")

    def prepare(self, images: Sequence[np.ndarray]) -> Tensors:
        """Frames of one size as the graph takes them: uint8 (B, H, W, 3), RGB.

        Args:
            images: uint8 (H, W, 3), BGR.
        """
        return (np.stack([rgb(image) for image in images]),)

    def resize(self, images: Sequence[np.ndarray], size_px: Tuple[int, int]) -> np.ndarray:
        """Frames as `Parts.resized` has them: float32 (B, h, w, 3), RGB, 0..255.

        Args:
            images: uint8 (H, W, 3), BGR.
            size_px: h and w.
        """
        return resize_batch(images, size_px)

    @abstractmethod
    def result(self, tensors: Tensors, row: int, selection: Selection) -> Detections:
        """What the graph found in frame `row` of the batch, as far as it is to be reported.

        Args:
            tensors: one array for each of `parts.results`, first axis: the frames of the batch.
        """


def rgb(image: np.ndarray) -> np.ndarray:
    """BGR, as OpenCV reads it, to RGB, as the graphs take it."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
