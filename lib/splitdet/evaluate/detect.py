"""A detector at work on a dataset: what it finds, and how fast it is."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from itertools import cycle
from typing import Iterator, List, Optional, Sequence, Tuple

import numpy as np
from tqdm import tqdm

import splitdet
from splitdet.assemble import assemble
from splitdet.config import Config
from splitdet.detector import Detector
from splitdet.errors import ConfigError, CutError, DataError
from splitdet.evaluate.coco_scores import MAX_DETECTIONS
from splitdet.evaluate.truth import LabelledImage
from splitdet.models.nms_settings import TENSORFLOW_2
from splitdet.sources.base import Source
from splitdet.sources.images import read_picture
from splitdet.types import Detections, Frame

LOWEST_SCORE = 1e-8
"""From which on boxes are evaluated: practically all that a detector gives. The threshold of most
exports, too."""
TIMED_PICTURES = 32
"""More would only fill memory."""
log = logging.getLogger(__name__)


def open_for_evaluation(config: Config) -> Tuple[Detector, Optional[float]]:
    """A detector that gives boxes of low scores as well, as far as that can be had.

    Returns:
        and the score from which on it gives boxes; None where the graph does not tell.

    Raises:
        SplitdetError: see `Detector`.
    """
    # every class, and all of the picture: the ground truth knows no filters
    config = replace(config, classes=(), roi=())
    config = replace(config, det_th=0.0, max_boxes=MAX_DETECTIONS, nms_score_th=LOWEST_SCORE)
    try:
        detector = Detector.from_config(config)
        asked = LOWEST_SCORE
    except (ConfigError, CutError):  # of another cause, it comes again
        detector = Detector.from_config(replace(config, nms_score_th=0.0))
        log.info("the graph's own NMS runs, so boxes are evaluated from its score threshold on")
        asked = 1.0
    exported = graph_threshold(detector)
    return detector, exported if exported is None else min(asked, exported)


def graph_threshold(detector: Detector) -> Optional[float]:
    """The score threshold that a model was exported with; None where it does not tell."""
    try:
        threshold = detector.model.parts.nms_settings(TENSORFLOW_2).score_threshold
    except CutError:
        return None
    return float(f"{threshold:.6g}")  # a float32 of 0.3 is called 0.3


def detections(
    detector: Detector, images: Sequence[LabelledImage]
) -> Iterator[Tuple[LabelledImage, Frame, Detections]]:
    """Each picture, its size filled in, with what was found in it, through the pipeline of a run.

    Raises:
        DataError: a picture cannot be read, or is of another size than its annotation says.
        SplitdetError: a stage failed.
    """
    progress = tqdm(total=len(images), unit=" pictures", disable=None, leave=False)
    with progress, assemble(_Pictures(images), detector) as pipeline:
        waiting = iter(images)
        for batch in pipeline:
            for frame, found in zip(batch.frames, batch.results):
                progress.update()
                yield next(waiting).sized(frame.width, frame.height), frame, found


def frames_per_second(detector: Detector, images: Sequence[LabelledImage], seconds: float) -> float:
    """Pictures a second from memory to detections, through the pipeline, once it is full.

    Args:
        images: the first `TIMED_PICTURES` of them are read before, and then taken again and again.
        seconds: how long; all of them go through at least once.
    """
    source = _Pictures(images[:TIMED_PICTURES])
    pictures = [frame.image for frame in iter(source.read, None) if frame is not None]
    for _ in splitdet.stream(pictures, detector):  # sizes that are new take longer
        pass
    begin_s = time.perf_counter()

    def endless() -> Iterator[np.ndarray]:
        for number, picture in enumerate(cycle(pictures)):
            if number > len(pictures) and time.perf_counter() > begin_s + seconds:
                return
            yield picture

    done_s: List[float] = []
    for _ in splitdet.stream(endless(), detector):
        done_s.append(time.perf_counter())
    return (len(done_s) - 1) / (done_s[-1] - done_s[0])


class _Pictures(Source):
    """The pictures of a dataset, in its order."""

    unit = "pictures"

    def __init__(self, images: Sequence[LabelledImage]) -> None:
        super().__init__("dataset")
        self._waiting = iter(images)

    def read(self) -> Optional[Frame]:
        """See `Source.read`; DataError where one cannot be read."""
        begin_s = time.perf_counter()
        image = next(self._waiting, None)
        if image is None:
            return None
        picture = read_picture(str(image.path))
        if picture is None:
            raise DataError(
                f"{image.path}: not a readable picture; replace it, or take it out of the dataset"
            )
        return self._frame(picture, str(image.path), 0.0, begin_s)
