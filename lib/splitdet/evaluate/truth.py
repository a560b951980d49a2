"""Ground truth: pictures, and what people say is in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

from splitdet.data.places import is_there
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

    def sized(self, width_px: int, height_px: int) -> LabelledImage:
        """The same with the size that the picture itself has.

        Raises:
            DataError: the annotation is about a picture of another size.
        """
        said = [(self.width_px, self.height_px)] if self.width_px else []
        runs = [one.segment for one in self.objects if isinstance(one.segment, dict)]
        for width, height in [*said, *((run["size"][1], run["size"][0]) for run in runs)]:
            if (width, height) != (width_px, height_px):
                raise DataError(
                    f"{self.path}: is {width_px}x{height_px}, but its annotation is for "
                    f"{width}x{height}; its boxes would not fit"
                )
        return replace(self, width_px=width_px, height_px=height_px)


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

    def check_sizes(self) -> None:
        """Raise DataError where the size of a picture is not known, by which masks are compared."""
        for image in self.images:
            if not (image.width_px and image.height_px):
                raise DataError(
                    f"{self.name}: picture {image.id!r} ({image.path.name}) has no width and height, by "
                    "which masks are compared; add them to it under 'images'"
                )

    def check_pictures(self) -> None:
        """Raise DataError where a picture is missing."""
        missing = [image.path for image in self.images if not is_there(image.path)]
        if missing:
            raise DataError(
                f"{self.name}: {missing[0]} is not there ({len(missing)} of {len(self.images)} pictures "
                "are missing); name their folder with --images"
            )
