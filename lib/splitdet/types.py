"""The values that travel through splitdet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

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
class Detections:
    """What was found in one frame, best first."""

    boxes: np.ndarray
    """float32 (N, 4): ymin, xmin, ymax, xmax, each 0..1 of the frame's height or width."""
    scores: np.ndarray
    """float32 (N,), 0..1, falling."""
    classes: np.ndarray
    """int64 (N,), ids of the label map."""

    def __post_init__(self) -> None:
        count = len(self.scores)
        shapes = (self.boxes.shape, self.scores.shape, self.classes.shape)
        if shapes != ((count, 4), (count,), (count,)):
            raise ValueError(
                "boxes, scores and classes must be (N, 4), (N,) and (N,); got {}, {} and {}".format(
                    *shapes
                )
            )

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        best = f", best {self.scores[0]:.3f}" if len(self) else ""
        return f"Detections({len(self)}{best})"

    def top(self, threshold: float, limit: int) -> Detections:
        """The first `limit` detections that score at least `threshold`.

        This one selection is what is printed, drawn and written.
        """
        # float32, as the scores are: 0.3 must find a score of float32(0.3)
        keep = np.flatnonzero(self.scores >= np.float32(threshold))[:limit]
        return Detections(self.boxes[keep], self.scores[keep], self.classes[keep])

    @staticmethod
    def none() -> Detections:
        """No detection at all."""
        return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


@dataclass
class Batch:
    """Frames of one size that go through the model together (often just one)."""

    frames: Sequence[Frame]
    tensors: Tensors = ()
    """What the last stage gave for them; first axis: the frames, in order."""
    results: Sequence[Detections] = ()
    """One for each frame, once the model has finished."""
    picture: Optional[np.ndarray] = None
    """uint8 (H, W, 3), BGR: the first frame with its results drawn, where somebody looks at it."""
    spans_s: Dict[str, Tuple[float, float]] = field(default_factory=dict)
    """Stage name to its begin and end, both `time.perf_counter()`; seconds."""
