"""One evaluation: ground truth and detections brought together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np

from splitdet.config import Config
from splitdet.detector import Detector
from splitdet.evaluate.coco_scores import CocoScores, coco_evaluation, coco_scores
from splitdet.evaluate.confusion import Confusion, confusion
from splitdet.evaluate.detect import (
    detections,
    frames_per_second,
    graph_threshold,
    open_for_evaluation,
)
from splitdet.evaluate.found import FoundObject, match_classes, objects_of, warn_of_unknown
from splitdet.evaluate.read import read_truth
from splitdet.evaluate.read_results import read_results
from splitdet.evaluate.segments import BACKGROUND, SegmentScores, true_pixels
from splitdet.evaluate.truth import GroundTruth
from splitdet.evaluate.voc_scores import Curve, voc_curves
from splitdet.loading import load_model
from splitdet.models.segmenter import DeeplabV3
from splitdet.types import Segmentation
from splitdet.zoo.find import find_model


@dataclass(frozen=True)
class Task:
    """What to evaluate.

    Args:
        dataset: see `read_truth`.
        pictures: see `read_truth`.
        results: a file of results, in place of a run; empty: the model of `config` runs.
        limit: only the first pictures; 0: all.
        speed_s: seconds to measure the speed for; 0: it is not measured.
    """

    config: Config
    dataset: str
    pictures: str = ""
    results: str = ""
    limit: int = 0
    speed_s: float = 3.0


@dataclass(frozen=True)
class BoxScores:
    """How well boxes, and masks where there are any, were found."""

    coco: CocoScores
    """Of all detections."""
    deployed: CocoScores
    """Of those that a run reports: `det_th` and more."""
    masks: Optional[CocoScores]
    """Of all masks; None where none is known, or none was found."""
    curves: Dict[int, Curve]
    """Of all detections, for each class of the dataset."""
    confusion: Confusion
    """Of those that a run reports."""


@dataclass
class Evaluation:
    """Scores, and the facts that they hold for."""

    config: Config
    truth: GroundTruth
    found: List[FoundObject] = field(default_factory=list)
    boxes: Optional[BoxScores] = None
    segments: Optional[SegmentScores] = None
    segment_names: Dict[int, str] = field(default_factory=dict)
    """Of the classes in `segments`."""
    engine: str = ""
    """Name, version and device; empty where results came from a file."""
    from_score: Optional[float] = None
    """Boxes were evaluated from this score on; None: not known, as the results say."""
    graph_threshold: Optional[float] = None
    """The score threshold that the model was exported with; None: not known."""
    fps: Optional[float] = None
    """Pictures a second with the settings that are deployed; None: not measured."""
    network_bytes: int = 0
    """See `Detector.network_bytes`."""

    @property
    def reported_from(self) -> float:
        """The score from which on a run reports: `det_th`, as float32, which scores are, has it."""
        return float(np.float32(self.config.det_th))


def evaluate(task: Task) -> Evaluation:
    """Run the model over the dataset, or read results, and compute all scores.

    Raises:
        DataError: the ground truth or the results are broken.
        ExtraError: pycocotools is not installed.
        SplitdetError: the model does not open, or a stage failed.
    """
    coco_evaluation()  # if it is missing, that is said before the model runs
    if task.results:
        truth = read_truth(task.dataset, task.pictures)
        truth.check_objects()
        found = read_results(Path(task.results), truth)
        truth = truth.first(task.limit)
        kept = {image.id for image in truth.images}
        evaluation = Evaluation(task.config, truth, [one for one in found if one.image_id in kept])
        _score_boxes(evaluation)
        return evaluation
    model = load_model(find_model(task.config.model_path))
    is_segmenter = isinstance(model, DeeplabV3)
    truth = read_truth(task.dataset, task.pictures, of_pixels=is_segmenter).first(task.limit)
    if truth.classes:
        truth.check_objects()
    truth.check_pictures()
    config = replace(task.config, policy="lossless", max_frames=0)
    evaluation = Evaluation(config, truth)
    if is_segmenter:
        detector = Detector.from_config(config)
    else:
        detector, evaluation.from_score = open_for_evaluation(config)
    with detector:
        evaluation.engine = detector.engine.description
        evaluation.network_bytes = detector.network_bytes
        evaluation.graph_threshold = graph_threshold(detector)
        if is_segmenter:
            _segment(detector, evaluation)
        else:
            _detect(detector, evaluation)
    if task.speed_s:
        with Detector.from_config(config) as deployed:
            evaluation.fps = frames_per_second(deployed, truth.images, task.speed_s)
    return evaluation


def box_scores(truth: GroundTruth, found: Sequence[FoundObject], threshold: float) -> BoxScores:
    """All scores of boxes.

    Args:
        threshold: least score that a run reports.

    Raises:
        ExtraError: pycocotools is not installed.
        DataError: there are masks, and the size of a picture is not known.
    """
    segments = any(one.segment is not None for image in truth.images for one in image.objects)
    has_masks = segments and any(one.mask is not None for one in found)
    reported = [one for one in found if one.score >= threshold]
    return BoxScores(
        coco=coco_scores(truth, found),
        deployed=coco_scores(truth, reported),
        masks=coco_scores(truth, found, "segm") if has_masks else None,
        curves=voc_curves(truth, found),
        confusion=confusion(truth, found, threshold),
    )


def _detect(detector: Detector, evaluation: Evaluation) -> None:
    truth = evaluation.truth
    classes = match_classes(truth, detector.labels)
    warn_of_unknown(truth, classes)
    images = []
    for image, frame, found in detections(detector, truth.images):
        images.append(image)
        evaluation.found += objects_of(found, image.id, frame.height, frame.width, classes)
    evaluation.truth = replace(truth, images=tuple(images))
    _score_boxes(evaluation)


def _score_boxes(evaluation: Evaluation) -> None:
    evaluation.boxes = box_scores(evaluation.truth, evaluation.found, evaluation.reported_from)


def _segment(detector: Detector, evaluation: Evaluation) -> None:
    truth = evaluation.truth
    classes = match_classes(truth, detector.labels)
    to_model = {class_id: number for number, class_id in classes.items()}
    scores = SegmentScores()
    for image, frame, found in detections(detector, truth.images):
        assert isinstance(found, Segmentation)
        pixels = found.pixels
        if truth.classes:  # of other classes the dataset tells nothing: to it they are background
            pixels = np.where(np.isin(pixels, list(classes)), pixels, BACKGROUND)
        scores.add(true_pixels(image, to_model, frame.height, frame.width), pixels)
    evaluation.segments = scores
    evaluation.segment_names = {
        class_id: detector.labels[class_id] if class_id else "background"
        for class_id in scores.by_class()
    }
