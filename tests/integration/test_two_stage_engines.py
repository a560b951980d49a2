"""OpenVINO up to the cut of the zoo's genuine two-stage graph, against unsplit TensorFlow."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from places import SHARED
from reference import PlainSession
from skeletons import fill
from splitdet.detector import Detector
from splitdet.engines.parity import TOLERANCE, compare, trial_picture
from splitdet.graph.tensors import DTYPES
from splitdet.types import Detections

pytest.importorskip("openvino")
pytestmark = [pytest.mark.zoo, pytest.mark.usefixtures("fresh_cache")]
NAME = "faster_rcnn_inception_v2_coco_2018_01_28"
GATE = TOLERANCE["fp32"]
PHOTOGRAPHS = ("dog.jpg", "person.jpg")


def missing(found: Detections, wanted: Detections) -> int:
    """How many of `found` are not in `wanted`, within the gate, but for those that score so little that
    they may have been cut off there."""
    count = 0
    for box, score, kind in zip(found.boxes, found.scores, found.classes):
        apart = np.maximum(np.abs(wanted.boxes - box).max(axis=1), np.abs(wanted.scores - score))
        is_there = bool((apart[wanted.classes == kind] <= GATE).any())
        count += not is_there and score > wanted.scores.min() + GATE
    return count


def test_it_finds_what_unsplit_tensorflow_finds(tmp_path: Path) -> None:
    graph = fill(NAME, tmp_path / "graph.pb")
    plain = PlainSession(graph)
    with Detector(graph, engine="openvino", det_th=0) as detector:
        for name in PHOTOGRAPHS:
            image = cv2.imread(str(SHARED / "images" / name))
            found, (boxes, scores, classes) = detector.detect(image), plain(image)
            wanted = Detections(boxes, scores, classes.astype(np.int64))
            assert len(found) == len(wanted) == 100
            assert missing(found, wanted) == missing(wanted, found) == 0
        front = detector.steps.front  # type: ignore[attr-defined]
        tensors = front.run(front.prepare([trial_picture()]))
        ports = detector.model.parts.cut
        assert [tensor.dtype for tensor in tensors] == [DTYPES[port.dtype] for port in ports]
    with Detector(graph, engine="tensorflow") as reference:
        front_of_tensorflow = reference.steps.front  # type: ignore[attr-defined]
        assert compare(front_of_tensorflow, tensors, trial_picture()).within(GATE)
