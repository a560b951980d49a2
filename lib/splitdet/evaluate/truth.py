"""Ground truth: pictures, and what people say is in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

from splitdet.errors import DataError

Id = Union[int, str]
BoxPx = Tuple[float, float, float, float]
"""Left, top, width, height in pixels, as COCO has it; edges lie between the pixels."""


@dataclass(frozen=True)
class TrueObject:
    """One labelled object."""

    class_id: int
    """Of the dataset, not of the model."""
    box_px: BoxPx
    area_px: float
    """Square pixels, of the segment where there is one, else of the box: COCO tells sizes by it."""
    crowd: bool = False
    """One label for a group of objects; neither found nor missed by anything."""
    difficult: bool = False
    """Hard to recognise; Pascal VOC counts it neither as found nor as missed."""
    segment: Any = None
    """Polygons or run lengths, as in a COCO file; None where there are none."""


@dataclass(frozen=True)
class LabelledImage:
    """One picture, and all that is labelled in it."""

    id: Id
    path: Path
    width_px: int
    """By the annotation; 0 where that does not tell."""
    height_px: int
    objects: Tuple[TrueObject, ...] = ()
    pixels: Optional[Path] = None
    """A picture of class ids, one for each pixel; None where the segments of the objects are it."""

    def check_size(self, width_px: int, height_px: int) -> None:
        """Raise DataError where the annotation is about a picture of another size."""
        if self.width_px and (self.width_px, self.height_px) != (width_px, height_px):
            raise DataError(
                f"{self.path}: is {width_px}x{height_px}, but its annotation is for "
                f"{self.width_px}x{self.height_px}; its boxes would not fit"
            )


@dataclass(frozen=True)
class GroundTruth:
    """A labelled dataset.

    Raises:
        DataError: there is no picture in it.
    """

    name: str
    """The file or folder, for messages."""
    images: Tuple[LabelledImage, ...]
    classes: Dict[int, str]
    """Id to name; empty where ids are those of the model (pictures of class ids)."""

    def __post_init__(self) -> None:
        if not self.images:
            raise DataError(f"{self.name}: no picture in this dataset; there is nothing to evaluate on")

    @property
    def object_count(self) -> int:
        """Labelled objects in all pictures, crowds included."""
        return sum(len(image.objects) for image in self.images)

    def first(self, limit: int) -> GroundTruth:
        """Only the first pictures; 0: all."""
        return replace(self, images=self.images[:limit]) if limit else self

    def check_objects(self) -> None:
        """Raise DataError where not one object is labelled."""
        if not self.object_count:
            raise DataError(
                f"{self.name}: no object is labelled in any of its {len(self.images)} pictures; there "
                "is nothing to compare with"
            )

    def check_pictures(self) -> None:
        """Raise DataError where a picture is missing."""
        missing = [image.path for image in self.images if not image.path.is_file()]
        if missing:
            raise DataError(
                f"{self.name}: {missing[0]} is not there ({len(missing)} of {len(self.images)} pictures "
                "are missing); name their folder with --images"
            )
