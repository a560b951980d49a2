"""Opening what pictures are to be learned from."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from splitdet.labels import Labels
from splitdet.train.samples import Sample, read_voc
from splitdet.train.shapes import PREFIX, draw_shapes


def read_samples(data: str, names: Optional[Sequence[str]] = None) -> Tuple[List[Sample], Labels]:
    """Samples and class names.

    Args:
        data: a folder, or `shapes:COUNT`.
        names: of the classes, the first with id 1; None: those that are found.

    Raises:
        DataError: there are none, or a file is broken.
    """
    return draw_shapes(data) if data.startswith(PREFIX) else read_voc(Path(data), names)


def class_names(labels: Labels) -> List[str]:
    """The names, by id."""
    return [name for _, name in sorted(labels.names.items())]
