"""The default model on 158 photographs of COCO: the figures of unsplit TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from reference import PlainSession
from splitdet.config import make_config
from splitdet.evaluate.detect import detections, open_for_evaluation
from splitdet.evaluate.evaluate import Task, evaluate
from splitdet.evaluate.read import read_truth
from splitdet.graph import proto
from splitdet.graph.tensors import FLOAT32, to_tensor

pytest.importorskip("pycocotools")
pytestmark = [pytest.mark.zoo, pytest.mark.slow]
EXPORTED, LOWEST = 0.3, 1e-8


@pytest.fixture(scope="module")
def lowered_graph(zoo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The genuine graph with the constants of its score threshold set to 1e-8."""
    graph_def: Any = proto.GraphDef.FromString(zoo_model.read_bytes())
    changed = 0
    for node in graph_def.node:
        tensor = node.attr["value"].tensor if node.op == "Const" else None
        if tensor is None or tensor.dtype != FLOAT32 or tensor.tensor_shape.dim:
            continue
        if len(tensor.float_val) == 1 and tensor.float_val[0] == np.float32(EXPORTED):
            tensor.CopyFrom(to_tensor(np.array(LOWEST, np.float32)))
            changed += 1
    assert changed in (1, 90)  # one for all classes, or one for each
    file = tmp_path_factory.mktemp("lowered") / "frozen_inference_graph.pb"
    file.write_bytes(graph_def.SerializeToString())
    return file


def test_boxes_of_low_scores_are_those_of_the_graph_exported_with_a_low_threshold(
    zoo_model: Path, lowered_graph: Path, shared: Path
) -> None:
    plain = PlainSession(lowered_graph)
    images = read_truth(str(shared / "coco")).first(6).images
    detector, from_score = open_for_evaluation(
        make_config(model_path=str(zoo_model), engine="tensorflow")
    )
    assert from_score == LOWEST
    with detector:
        for image, _, found in detections(detector, images):
            boxes, scores, classes = plain(cv2.imread(str(image.path)))
            np.testing.assert_array_equal(found.scores, scores)
            np.testing.assert_array_equal(found.boxes, boxes)
            np.testing.assert_array_equal(found.classes, classes)
            assert len(found) == 100


def test_map_is_that_of_unsplit_tensorflow(zoo_model: Path, shared: Path) -> None:
    config = make_config(model_path=str(zoo_model), engine="tensorflow", det_th=EXPORTED)
    evaluation = evaluate(Task(config, str(shared / "coco"), speed_s=0))
    assert evaluation.boxes is not None
    assert evaluation.boxes.coco.figures["AP"] == pytest.approx(0.3014, abs=5e-5)
    assert evaluation.boxes.deployed.figures["AP"] == pytest.approx(0.2702, abs=5e-5)
