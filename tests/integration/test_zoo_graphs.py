"""The genuine graph of every model of the zoo, with random weights: found, cut, and the same to the bit.

Photographs go through the whole pipeline, in halves where the type has a split, and through a plain
session over the untouched graph: three for one graph of each family that takes a moment for one, and
one for all others.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any, Optional, Sequence

import cv2
import numpy as np
import pytest

import splitdet
from places import SHARED
from reference import MASK_OUTPUTS, OUTPUTS, PlainSession, resized_for_segmenter
from skeletons import SKELETONS, fill
from splitdet.types import Detections, Segmentation

PHOTOGRAPHS = ("dog.jpg", "person.jpg", "giraffe.jpg")
QUANTIZED = "quantized_300x300_coco14_sync_2018_07_03"
FPN = "fpn_shared_box_predictor_640x640_coco14_sync_2018_07_03"
PPN = "ppn_shared_box_predictor_300x300_coco14_sync_2018_07_03"

QUICK = [
    ("ssd_mobilenet_v1_coco_11_06_2017", "nms_v0", 1917),
    ("ssd_mobilenet_v1_coco_2017_11_17", "nms_v1", 1917),
    ("ssd_mobilenet_v1_coco_2018_01_28", "nms_v2", 1917),
    (f"ssd_mobilenet_v1_{QUANTIZED}", "nms_v2", 1917),
    (f"ssd_mobilenet_v1_{PPN}", "nms_v2", 3000),
    ("faster_rcnn_inception_v2_coco_2018_01_28", "faster_v2", None),
    ("mask_rcnn_inception_v2_coco_2018_01_28", "mask_v1", None),
    ("deeplabv3_mnv2_pascal", "deeplab_v3", None),
]
"""At least one of each family: these run on TensorFlow 1.15, too."""

OTHERS = [
    ("ssd_mobilenet_v1_coco_2017_11_17.raw", "nms_v1", 1917),
    ("ssd_inception_v2_coco_2017_11_17", "nms_v1", 1917),
    ("ssd_mobilenet_v1_coco_2018_01_28.raw", "nms_v2", 1917),
    ("ssd_inception_v2_coco_2018_01_28", "nms_v2", 1917),
    ("ssd_mobilenet_v2_coco_2018_03_29", "nms_v2", 1917),
    ("ssdlite_mobilenet_v2_coco_2018_05_09", "nms_v2", 1917),
    ("ssdlite_mobilenet_v2_coco_2018_05_09.raw", "nms_v2", 1917),
    (f"ssd_mobilenet_v1_0.75_depth_{QUANTIZED}", "nms_v2", 1917),
    (f"ssd_resnet50_v1_{FPN}", "nms_v2", 51150),
    (f"ssd_resnet50_v1_{FPN}.folded", "nms_v2", 51150),
    (f"ssd_mobilenet_v1_{FPN}", "nms_v2", 51150),
    (f"ssd_mobilenet_v1_{FPN}.folded", "nms_v2", 51150),
    (f"ssd_mobilenet_v1_{PPN}.folded", "nms_v2", 3000),
    ("faster_rcnn_resnet50_coco_2018_01_28", "faster_v2", None),
    ("faster_rcnn_resnet101_coco_2018_01_28", "faster_v2", None),
    ("faster_rcnn_inception_resnet_v2_atrous_coco_2018_01_28", "faster_v2", None),
    ("mask_rcnn_resnet50_atrous_coco_2018_01_28", "mask_v1", None),
    ("mask_rcnn_resnet101_atrous_coco_2018_01_28", "mask_v1", None),
    ("mask_rcnn_inception_resnet_v2_atrous_coco_2018_01_28", "mask_v1", None),
    ("deeplabv3_pascal", "deeplab_v3", None),
]
TWO_STAGE = ("faster_v2", "mask_v1")
"""These take seconds for a photograph, and it passes through the graph twice."""
CASES = [
    *(
        pytest.param(*case, PHOTOGRAPHS[1:2] if case[1] in TWO_STAGE else PHOTOGRAPHS, id=case[0])
        for case in QUICK
    ),
    *(pytest.param(*case, PHOTOGRAPHS[1:2], id=case[0], marks=pytest.mark.slow) for case in OTHERS),
]


@pytest.mark.zoo
def test_the_table_names_every_graph_of_the_zoo() -> None:
    names = {name for name, _, _ in (*QUICK, *OTHERS)}
    assert names == {path.name[: -len(".pb.xz")] for path in SKELETONS.iterdir()}


@pytest.mark.zoo
@pytest.mark.parametrize(("name", "model_type", "anchors", "names"), CASES)
def test_a_graph_of_the_zoo_gives_the_same_bits_through_the_pipeline(
    name: str, model_type: str, anchors: Optional[int], names: Sequence[str], tmp_path: Path
) -> None:
    graph = fill(name, tmp_path / "graph.pb")
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for photograph in names:
        shutil.copy(str(SHARED / "images" / photograph), str(photographs))
    settings = {"engine": "tensorflow", "det_th": 0, "region_area_px": 1, "max_boxes": 100_000}
    settings["stall_timeout_s"] = 1000  # two cores take a while for the largest
    detector = splitdet.Detector(graph, **settings)
    with detector:
        assert (detector.model.type_name, detector.model.anchors) == (model_type, anchors)
        assert detector.split == (model_type not in ("mask_v1", "deeplab_v3"))
        results = [found for _, found in splitdet.stream(photographs, detector)]
    assert len(results) == len(names)
    check = same_pixels if model_type == "deeplab_v3" else same_boxes
    outputs = {"mask_v1": MASK_OUTPUTS, "deeplab_v3": ["SemanticPredictions:0"]}
    image_name = "ImageTensor:0" if model_type == "deeplab_v3" else "image_tensor:0"
    with closing(PlainSession(graph, outputs.get(model_type, OUTPUTS), image_name)) as plain:
        for photograph, found in zip(sorted(photographs.iterdir()), results):
            check(found, plain, cv2.imread(str(photograph)))


def same_boxes(found: Detections, plain: PlainSession, image: np.ndarray) -> None:
    """Boxes, scores, classes and masks are equal to the bit, and there is something to compare."""
    boxes, scores, classes, *masks = plain(image)
    assert len(scores) > 10
    np.testing.assert_array_equal(found.boxes, boxes)
    np.testing.assert_array_equal(found.scores, scores)
    np.testing.assert_array_equal(found.classes, classes)
    assert (found.masks is not None) == bool(masks)
    if masks:
        np.testing.assert_array_equal(found.masks, masks[0])


def same_pixels(found: Any, plain: PlainSession, image: np.ndarray) -> None:
    """The class of every pixel is equal, and there is more than one."""
    assert isinstance(found, Segmentation)
    (pixels,) = plain.run(resized_for_segmenter(image))
    assert len(np.unique(pixels)) > 1
    np.testing.assert_array_equal(found.pixels, pixels[0])
