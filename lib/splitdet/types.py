"""The values that travel through splitdet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Dict, FrozenSet, List, Optional, Sequence, Tuple, TypeVar, Union

import cv2
import numpy as np

from splitdet.masks import place_mask
from splitdet.polygon import Polygon, contains, covered

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


class RemotePicture(ABC):
    """A picture whose pixels lie elsewhere, such as in the memory of a GPU."""

    ndim = 3

    @property
    @abstractmethod
    def shape(self) -> Tuple[int, int, int]:
        """Height and width in pixels, and 3."""

    @abstractmethod
    def fetch(self) -> np.ndarray:
        """A copy in this process's memory: uint8 (H, W, 3), BGR, read-only. The first call makes it."""


Pixels = Union[np.ndarray, RemotePicture]
"""Of a frame: uint8 (H, W, 3), BGR, or wherever else they lie."""


@dataclass(frozen=True)
class Frame:
    """One picture on its way through the pipeline.

    Its pixels are read-only: a picture that a model reads is never drawn on.
    """

    pixels: Pixels
    """uint8 (H, W, 3), BGR, read-only; or where they are."""
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
        if not isinstance(self.pixels, RemotePicture):
            check_image(self.pixels)
            self.pixels.flags.writeable = False

    @property
    def image(self) -> np.ndarray:
        """uint8 (H, W, 3), BGR, read-only; fetched, once, where the pixels lie elsewhere."""
        return self.pixels.fetch() if isinstance(self.pixels, RemotePicture) else self.pixels

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[1])

    def __repr__(self) -> str:
        return (
            f"Frame({self.width}x{self.height}, index={self.index}, time_s={self.time_s:.3f}, "
            f"source={self.source!r})"
        )


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
    """float32 (N, h, w), 0..1: a grid over each box; above 0.5 a cell belongs to the object. None
    where the model gives none. See `frame_masks`."""
    tracks: Optional[np.ndarray] = None
    """int64 (N,): the same number for the same thing in every frame. None where nothing is tracked."""

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
        if self.tracks is not None and self.tracks.shape != (count,):
            raise ValueError(f"tracks must be ({count},); got {self.tracks.shape}")

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        best = f", best {self.scores[0]:.3f}" if len(self) else ""
        return f"{type(self).__name__}({len(self)}{best})"

    def top(self: AnyDetections, threshold: float, limit: int) -> AnyDetections:
        """The first `limit` detections that score at least `threshold`."""
        return self.rows(np.flatnonzero(self.reaching(threshold))[:limit])

    def reaching(self, threshold: float) -> np.ndarray:
        """Which detections score at least `threshold`: bool (N,)."""
        # float32, as the scores are: 0.3 must find a score of float32(0.3)
        return np.asarray(self.scores >= np.float32(threshold))

    def rows(self: AnyDetections, keep: np.ndarray) -> AnyDetections:
        """The detections at the indices `keep`, int64 (M,), rising."""
        if len(keep) == len(self):
            return self  # the rule with engines that know the threshold, thousands of times a second
        return replace(
            self,
            boxes=self.boxes[keep],
            scores=self.scores[keep],
            classes=self.classes[keep],
            masks=None if self.masks is None else self.masks[keep],
            tracks=None if self.tracks is None else self.tracks[keep],
        )

    def foot_points(self) -> np.ndarray:
        """The middle of each box's lower edge: float32 (N, 2), x and y, each 0..1 of the frame."""
        across = (self.boxes[:, 1] + self.boxes[:, 3]) / 2
        return np.stack([across, self.boxes[:, 2]], axis=1).clip(0, 1)

    def boxes_px(self, height: int, width: int) -> np.ndarray:
        """Boxes in a frame of `height` x `width` pixels, clipped to it.

        Returns:
            int64 (N, 4): ymin, xmin, ymax, xmax, so that `image[ymin:ymax, xmin:xmax]` is the box.
        """
        size = np.array([height, width] * 2)
        return np.asarray(np.rint(self.boxes.clip(0, 1) * size).astype(np.int64))

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


@dataclass(frozen=True)
class Selection:
    """Which of the things that were found are reported: returned, printed, drawn and written.

    Class and place are looked at first and the limit last, so that what nobody asked for takes no
    place from what somebody did.
    """

    threshold: float = 0.0
    """Least score, 0..1."""
    limit: int = 100
    """Most of them in a frame, best first."""
    region_area_px: int = 1
    """Least pixels of a segmented region that gets a box, in the segmenter's own picture."""
    classes: FrozenSet[int] = frozenset()
    """Ids of the label map; empty: all of them."""
    roi: Polygon = ()
    """The place that counts; empty: all of the frame."""

    def of_boxes(self, found: Detections) -> Detections:
        """Those that score enough, are of a wanted class, and stand in the `roi`.

        A thing stands where the middle of its box's lower edge is, as that is where it touches the
        ground. What reaches over the edge of the frame stands at that edge.
        """
        keep = found.reaching(self.threshold)
        if self.classes:
            keep &= np.isin(found.classes, list(self.classes))
        if self.roi:
            keep &= contains(self.roi, found.foot_points())
        return found.rows(np.flatnonzero(keep)[: self.limit])

    def of_pixels(self, pixels: np.ndarray) -> Segmentation:
        """A segmented picture in which other classes, and what lies outside the `roi`, are background.

        Args:
            pixels: integers (h, w), at most 255.
        """
        wanted = np.isin(pixels, list(self.classes)) if self.classes else np.ones(pixels.shape, np.bool_)
        if self.roi:
            wanted &= covered(self.roi, *pixels.shape)
        segments = Segmentation.of_pixels(np.where(wanted, pixels, 0), self.region_area_px)
        return segments.top(self.threshold, self.limit)


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
    threads: Dict[str, int] = field(default_factory=dict)
    """Stage name to which of the threads of that stage did it, counted from 0."""
