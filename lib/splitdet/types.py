"""The values that travel through splitdet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Dict, List, Optional, Sequence, Tuple, TypeVar

import cv2
import numpy as np

from splitdet.masks import place_mask

Tensors = Tuple[np.ndarray, ...]
"""What a part of a graph takes or gives, in the order of its ports."""


def check_image(image: np.ndarray) -> None:
    """Raise ValueError unless `image` is a picture as OpenCV reads it: uint8 (H, W, 3), BGR."""
    if not isinstance(image, np.ndarray):
        raise ValueError(
            f"an image must be an array, got {type(image).__name__}; cv2.imread gives None for a "
            "file that it cannot read"
        )
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ValueError(
            f"an image must be a uint8 array of shape (H, W, 3), BGR; got {image.dtype} {image.shape}"
        )


@dataclass(frozen=True)
class Frame:
    """One picture on its way through the pipeline.

    Its pixels are read-only: a picture that a model reads is never drawn on.
    """

    image: np.ndarray
    """uint8 (H, W, 3), BGR, read-only."""
    index: int
    """0, 1, 2, .. in the order of capture; a dropped frame leaves a gap."""
    source: str
    """Where it came from: path, address or name of the device."""
    time_s: float
    """Position in the file, or capture time since the run began; seconds."""
    captured_s: float
    """`time.perf_counter()` when the picture had been read; seconds."""
    read_s: float = 0.0
    """How long reading it took, decoding included; seconds."""
    stream: int = 0
    """Which of several inputs it is from, counted from 0."""

    def __post_init__(self) -> None:
        check_image(self.image)
        self.image.flags.writeable = False

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.image.shape[1])

    def __repr__(self) -> str:
        return (
            f"Frame({self.width}x{self.height}, index={self.index}, time_s={self.time_s:.3f}, "
            f"source={self.source!r})"
        )


@dataclass(frozen=True)
class Selection:
    """Which of the things that were found are reported: printed, drawn and written."""

    threshold: float = 0.0
    """Least score, 0..1."""
    limit: int = 100
    """Most of them in a frame, best first."""
    region_area_px: int = 1
    """Least pixels of a segmented region that gets a box, in the segmenter's own picture."""


@dataclass(frozen=True)
class Detections:
    """What was found in one frame, best first."""

    boxes: np.ndarray
    """float32 (N, 4): ymin, xmin, ymax, xmax, each 0..1 of the frame's height or width."""
    scores: np.ndarray
    """float32 (N,), 0..1, falling."""
    classes: np.ndarray
    """int64 (N,), ids of the label map."""
    masks: Optional[np.ndarray] = None
    """float32 (N, h, w), 0..1: a grid over each box; from 0.5 on a cell belongs to the object. None
    where the model gives none. See `frame_masks`."""

    def __post_init__(self) -> None:
        count = len(self.scores)
        shapes = (self.boxes.shape, self.scores.shape, self.classes.shape)
        if shapes != ((count, 4), (count,), (count,)):
            raise ValueError(
                "boxes, scores and classes must be (N, 4), (N,) and (N,); got {}, {} and {}".format(
                    *shapes
                )
            )
        if self.masks is not None and (self.masks.ndim != 3 or len(self.masks) != count):
            raise ValueError(f"masks must be ({count}, h, w); got {self.masks.shape}")

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        best = f", best {self.scores[0]:.3f}" if len(self) else ""
        return f"{type(self).__name__}({len(self)}{best})"

    def top(self: AnyDetections, threshold: float, limit: int) -> AnyDetections:
        """The first `limit` detections that score at least `threshold`.

        This one selection is what is printed, drawn and written.
        """
        # float32, as the scores are: 0.3 must find a score of float32(0.3)
        if len(self) <= limit and (not len(self) or self.scores.min() >= np.float32(threshold)):
            return self  # the rule with engines that know the threshold, thousands of times a second
        keep = np.flatnonzero(self.scores >= np.float32(threshold))[:limit]
        return replace(
            self,
            boxes=self.boxes[keep],
            scores=self.scores[keep],
            classes=self.classes[keep],
            masks=None if self.masks is None else self.masks[keep],
        )

    def frame_masks(self, height: int, width: int) -> np.ndarray:
        """Masks in a frame of `height` x `width` pixels: bool (N, height, width).

        Raises:
            ValueError: the model gives no masks.
        """
        if self.masks is None:
            raise ValueError("these detections have no masks")
        full = np.zeros((len(self), height, width), np.bool_)
        for canvas, mask, box in zip(full, self.masks, self.boxes):
            rows, columns, inside = place_mask(mask, box, height, width)
            canvas[rows, columns] = inside
        return full

    @staticmethod
    def none() -> Detections:
        """No detection at all."""
        return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


AnyDetections = TypeVar("AnyDetections", bound=Detections)


@dataclass(frozen=True, repr=False)
class Segmentation(Detections):
    """A class for every pixel, and boxes around the connected regions of each class.

    Regions come largest first. Their score is 1: a segmenter decides, it does not weigh.
    """

    pixels: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    """uint8 (h, w), ids of the label map, 0: background. Spans the frame, at the model's own size."""

    @staticmethod
    def of_pixels(pixels: np.ndarray, region_area_px: int) -> Segmentation:
        """Boxes around all regions of at least `region_area_px` pixels.

        Args:
            pixels: integers (h, w), at most 255.
        """
        pixels = np.asarray(pixels, np.uint8)
        height, width = pixels.shape
        found: List[Tuple[int, Tuple[float, ...], int]] = []
        for class_id in np.unique(pixels[pixels > 0]).tolist():
            mask = (pixels == class_id).astype(np.uint8)
            regions = cv2.connectedComponentsWithStats(mask)[2][1:]  # the first is what is not mask
            for left, top, columns, rows, area in regions.tolist():
                if area >= region_area_px:
                    box = (top / height, left / width, (top + rows) / height, (left + columns) / width)
                    found.append((area, box, class_id))
        found.sort(key=lambda region: -region[0])
        return Segmentation(
            np.array([box for _, box, _ in found], np.float32).reshape(-1, 4),
            np.ones(len(found), np.float32),
            np.array([class_id for _, _, class_id in found], np.int64),
            pixels=pixels,
        )

    def shares(self) -> Dict[int, float]:
        """Share of the picture that each class takes, 0..1, background included, largest first."""
        counts = np.bincount(self.pixels.ravel())
        order = sorted(np.flatnonzero(counts).tolist(), key=lambda class_id: -counts[class_id])
        return {class_id: float(counts[class_id]) / self.pixels.size for class_id in order}


@dataclass
class Batch:
    """Frames of one size that go through the model together (often just one)."""

    frames: Sequence[Frame]
    tensors: Tensors = ()
    """What the last stage gave for them; first axis: the frames, in order."""
    results: Sequence[Detections] = ()
    """One for each frame, once the model has finished."""
    spans_s: Dict[str, Tuple[float, float]] = field(default_factory=dict)
    """Stage name to its begin and end, both `time.perf_counter()`; seconds."""
