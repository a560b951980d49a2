"""The NMS in numpy against that of the zoo's graphs, on what their networks make of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Tuple

import cv2
import numpy as np
import pytest

from places import SHARED
from skeletons import fill
from splitdet.engines.base import EVERYTHING
from splitdet.engines.tensorflow import SessionOptions, TensorFlowEngine
from splitdet.graph.load import load_graph
from splitdet.models import identify
from splitdet.models.fast_nms import FastNms
from splitdet.nms import Ties
from splitdet.types import Detections

PHOTOGRAPHS = tuple(SHARED / "images" / name for name in ("dog.jpg", "person.jpg", "giraffe.jpg"))
NAMES = (
    "ssd_mobilenet_v1_coco_11_06_2017",
    "ssd_mobilenet_v1_coco_2017_11_17",
    "ssd_mobilenet_v1_coco_2018_01_28",
    "ssd_mobilenet_v1_quantized_300x300_coco14_sync_2018_07_03",
    "ssd_mobilenet_v1_ppn_shared_box_predictor_300x300_coco14_sync_2018_07_03",
    "faster_rcnn_inception_v2_coco_2018_01_28",
)
"""One of each family; all others go through the whole pipeline in test_zoo_graphs."""


def compare(path: Path, photographs: Iterable[Path]) -> Tuple[int, int]:
    """Numbers of detections, and of frames that were left to the graph; all others are equal."""
    model = identify(load_graph(path))
    parts = model.parts
    engine = TensorFlowEngine("cpu", SessionOptions())
    network = engine.compile(parts.accelerator(), ())
    cpu = engine.compile(parts.cpu(), EVERYTHING)
    nms = FastNms(parts)
    detections = left = 0
    for photograph in photographs:
        tensors = network.run(model.prepare([cv2.imread(str(photograph))]))
        boxes, scores, classes, counts = cpu.run(tensors)
        count = int(counts[0])
        of_graph = Detections(boxes[0, :count], scores[0, :count], classes[0, :count].astype(np.int64))
        for at_least in (0.0, 0.5):
            found = nms.find(tensors, 0, at_least)
            if found is None:
                assert nms.settings.ties != Ties.BY_INDEX
                left += 1
                continue
            wanted = of_graph.top(at_least, count)
            detections += len(wanted)
            np.testing.assert_array_equal(found.boxes, wanted.boxes)
            np.testing.assert_array_equal(found.scores, wanted.scores)
            np.testing.assert_array_equal(found.classes, wanted.classes)
    network.close()
    cpu.close()
    return detections, left


@pytest.mark.zoo
@pytest.mark.parametrize("name", NAMES)
def test_a_graph_of_the_zoo_keeps_the_same_in_numpy(name: str, tmp_path: Path) -> None:
    detections, left = compare(fill(name, tmp_path / "graph.pb"), PHOTOGRAPHS)
    assert detections > 100 or left


@pytest.mark.zoo
@pytest.mark.slow
def test_the_genuine_graph_keeps_the_same_in_numpy_on_all_photographs(zoo_model: Path) -> None:
    photographs = sorted((SHARED / "coco" / "images").iterdir())
    detections, left = compare(zoo_model, photographs)
    assert detections > len(photographs)
    assert left == 0


@pytest.mark.model
def test_the_default_model_keeps_the_same_in_numpy(default_model: Path) -> None:
    detections, left = compare(default_model, PHOTOGRAPHS)
    assert detections > 0
    assert left == 0
