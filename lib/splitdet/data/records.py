"""What a dataset consists of: pictures, and boxes in them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable, Tuple

PARTS = ("train", "val", "test")
"""What a dataset may be split into; a record that belongs to none of them has the part ''."""


@dataclass(frozen=True)
class Box:
    """An object in a picture.

    Edges are pixels and lie between the pixels: a box around all of a picture is 0, 0, width, height.
    They are what the dataset says, right or wrong; see `judge_boxes`.
    """

    label: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float
    difficult: bool = False
    """Hard to recognise; evaluation may leave it out."""
    truncated: bool = False
    """Part of the object is outside the picture."""
    occluded: bool = False
    """Part of the object is behind another."""
    crowd: bool = False
    """One box around a group of objects."""

    @classmethod
    def of(cls, label: str, edges: Iterable[float], **flags: bool) -> Box:
        """A box from its edges in the order of the fields."""
        xmin, ymin, xmax, ymax = edges
        return cls(label, xmin, ymin, xmax, ymax, **flags)

    @property
    def edges(self) -> Tuple[float, float, float, float]:
        """The edges in the order of the fields."""
        return self.xmin, self.ymin, self.xmax, self.ymax

    @property
    def width_px(self) -> float:
        """Pixels; negative where the edges are the wrong way round."""
        return self.xmax - self.xmin

    @property
    def height_px(self) -> float:
        """Pixels; negative where the edges are the wrong way round."""
        return self.ymax - self.ymin

    @property
    def is_finite(self) -> bool:
        """Whether every edge is a number, and none of them infinite."""
        return all(map(math.isfinite, self.edges))

    def scaled(self, across: float, down: float) -> Box:
        """The box in a picture that is `across` times as wide and `down` times as high."""
        return replace(
            self,
            xmin=self.xmin * across,
            ymin=self.ymin * down,
            xmax=self.xmax * across,
            ymax=self.ymax * down,
        )

    def rounded(self) -> Box:
        """The box with edges at whole pixels, at least one of them wide and high; one with an edge that
        is no finite number stays as it is."""
        if not self.is_finite:
            return self
        xmin, ymin = round(self.xmin), round(self.ymin)
        xmax = max(round(self.xmax), xmin + 1)
        return replace(self, xmin=xmin, ymin=ymin, xmax=xmax, ymax=max(round(self.ymax), ymin + 1))


class Image(ABC):
    """A picture as it is stored: JPEG, PNG and so on."""

    @abstractmethod
    def read(self) -> bytes:
        """All of it; OSError where that fails."""


@dataclass(frozen=True)
class ImageFile(Image):
    """A picture in a file."""

    path: Path

    def read(self) -> bytes:
        """See `Image.read`."""
        return self.path.read_bytes()


@dataclass(frozen=True)
class ImageBytes(Image):
    """A picture in memory."""

    data: bytes

    def read(self) -> bytes:
        """See `Image.read`."""
        return self.data


@dataclass(frozen=True)
class Record:
    """A picture with its boxes."""

    name: str
    """Where the picture lies in its part, with slashes: `cards/a.jpg`."""
    image: Image
    width_px: int
    """Of the picture that `boxes` fit, by the annotation; 0 where that does not tell."""
    height_px: int
    boxes: Tuple[Box, ...]
    part: str = ""
    """One of `PARTS`, or ''."""
    where: str = ""
    """The file, and the place in it, that the boxes come from."""

    @property
    def title(self) -> str:
        """Part and name: what messages call it."""
        return f"{self.part}/{self.name}" if self.part else self.name
