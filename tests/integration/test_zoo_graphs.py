"""Genuine graphs of each generation, with random weights: found, cut, and the same to the bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from reference import PlainSession
from splitdet.detector import Detector

GRAPHS = [
    ("ssd_mobilenet_v1_coco_11_06_2017", "nms_v0", 1917),
    ("ssd_mobilenet_v1_coco_2017_11_17.raw", "nms_v1", 1917),
    ("ssd_inception_v2_coco_2018_01_28", "nms_v2", 1917),
    ("ssd_mobilenet_v1_quantized_300x300_coco14_sync_2018_07_03", "nms_v2", 1917),
    ("ssd_mobilenet_v1_ppn_shared_box_predictor_300x300_coco14_sync_2018_07_03", "nms_v2", 3000),
    ("ssd_mobilenet_v1_fpn_shared_box_predictor_640x640_coco14_sync_2018_07_03.folded", "nms_v2", 51150),
]


@pytest.mark.zoo
@pytest.mark.slow
@pytest.mark.parametrize(("name", "model_type", "anchors"), GRAPHS)
def test_a_graph_of_the_zoo_gives_the_same_bits_split(
    name: str, model_type: str, anchors: int, shared: Path, tmp_path: Path
) -> None:
    filler = [sys.executable, str(shared / "zoo" / "skeleton.py"), "fill"]
    skeleton = shared / "zoo" / "skeletons" / f"{name}.pb.xz"
    subprocess.run([*filler, str(skeleton), str(tmp_path / "graph.pb")], check=True)
    image = cv2.imread(str(shared / "images" / "dog.jpg"))
    boxes, scores, classes = PlainSession(tmp_path / "graph.pb")(image)
    with Detector(
        tmp_path / "graph.pb", det_th=0, split_shape=anchors, model_type=model_type
    ) as detector:
        found = detector.detect(image)
    assert len(scores) > 10
    np.testing.assert_array_equal(found.boxes, boxes)
    np.testing.assert_array_equal(found.scores, scores)
    np.testing.assert_array_equal(found.classes, classes)
