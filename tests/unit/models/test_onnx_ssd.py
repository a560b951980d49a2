"""SSDs of jetson-inference: every engine finds what numpy finds; nothing else is taken for one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

import splitdet
from onnx_ssd import CLASSES, SIZE_PX, Reference, resized_plainly, write_onnx_ssd
from places import ROOT
from splitdet.detector import Detector
from splitdet.engines.ends import make_front
from splitdet.engines.make import make_engine
from splitdet.engines.parity import trial_picture
from splitdet.errors import ConfigError, CutError
from splitdet.loading import load_model
from splitdet.models.onnx_ssd import OnnxSsd
from splitdet.types import Detections

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
ENGINES = ("onnxruntime", "openvino")
THRESHOLD = 0.4
ALL: Dict[str, Any] = {"det_th": THRESHOLD, "max_boxes": 1000}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As PyTorch exported it on a Jetson."""
    return write_onnx_ssd(tmp_path_factory.mktemp("onnx") / "ssd.onnx")


def random_picture(seed: int = 0) -> np.ndarray:
    """uint8, of the network's own size, so that nothing is resized."""
    return np.random.RandomState(seed).randint(0, 256, (*SIZE_PX, 3)).astype(np.uint8)


def assert_equal(found: Detections, expected: List[Dict[str, Any]], tolerance: float = 1e-5) -> None:
    """The same detections, but for rounding."""
    assert [one["class_id"] for one in expected] == found.classes.tolist()
    np.testing.assert_allclose(found.scores, [one["score"] for one in expected], atol=tolerance)
    np.testing.assert_allclose(found.boxes, [one["box"] for one in expected], atol=tolerance)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("opset", "old"), [(7, True), (9, False), (13, False)])
def test_scores_and_boxes_are_those_of_the_formulas(
    engine: str, opset: int, old: bool, tmp_path: Path
) -> None:
    pytest.importorskip(engine)
    path = write_onnx_ssd(tmp_path / "ssd.onnx", opset=opset, constants_are_inputs=old)
    front = make_front(make_engine(engine, splitdet.Config(), 1), load_model(path))
    image = random_picture()
    scores, boxes = front.run(front.prepare([image]))
    expected_scores, expected_boxes = Reference().raw(image)
    np.testing.assert_allclose(scores[0], expected_scores[:, 1:], atol=1e-5)
    np.testing.assert_allclose(boxes[0, :, 0], expected_boxes[:, [1, 0, 3, 2]], atol=1e-5)


@pytest.mark.parametrize("batch", [None, 1])
def test_the_network_with_new_ends_is_valid(batch: Any, tmp_path: Path) -> None:
    part = load_model(write_onnx_ssd(tmp_path / "ssd.onnx", batch=batch)).parts.network()
    onnx.checker.check_model(onnx.load_from_string(part.data), full_check=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_detections_are_those_of_plain_suppression(engine: str, network: Path) -> None:
    pytest.importorskip(engine)
    with Detector(network, engine=engine, **ALL) as detector:
        for seed in range(5):
            image = random_picture(seed)
            expected = Reference().detect(image, THRESHOLD)
            candidates = (Reference().raw(image)[0][:, 1:] >= THRESHOLD).sum()
            assert 20 < len(expected) < candidates  # some are suppressed
            assert_equal(detector.detect(image), expected)


def test_a_larger_picture_is_found_in_too(network: Path) -> None:
    image = trial_picture()
    with Detector(network, engine="onnxruntime", **ALL) as detector:
        assert detector.detect(image).scores[0] > THRESHOLD
        resized = resized_plainly(image, SIZE_PX).astype(np.uint8)
        # OpenCV rounds a few pixels to the next grey level
        assert_equal(detector.detect(image), Reference().detect(resized, THRESHOLD), tolerance=0.02)


@pytest.mark.parametrize("size_px", [(480, 640), (37, 91), (96, 128), SIZE_PX])
def test_pictures_are_resized_around_the_centres_of_pixels(size_px: Any, network: Path) -> None:
    image = np.random.RandomState(1).randint(0, 256, (*size_px, 3)).astype(np.uint8)
    resized = load_model(network).resize([image], SIZE_PX)
    assert (resized.dtype, resized.shape) == (np.float32, (1, *SIZE_PX, 3))
    expected = resized_plainly(image, SIZE_PX)[..., ::-1]
    assert np.abs(resized[0] - expected).max() <= 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_batch_gives_what_its_frames_give_alone(engine: str, tmp_path: Path) -> None:
    pytest.importorskip(engine)
    path = write_onnx_ssd(tmp_path / "ssd.onnx", batch=None)
    images = [random_picture(seed) for seed in range(6)]
    alone = splitdet.stream(images, path, engine=engine, **ALL)
    together = splitdet.stream(images, path, engine=engine, batch_size=3, **ALL)
    for (_, one), (_, other) in zip(alone, together):
        np.testing.assert_array_equal(one.classes, other.classes)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-5)


def test_a_network_for_one_frame_takes_no_batches(network: Path) -> None:
    with pytest.raises(ConfigError, match="this graph takes one frame at a time"):
        Detector(network, engine="onnxruntime", batch_size=2)


def test_what_the_file_says_of_itself(network: Path) -> None:
    model = load_model(network)
    assert isinstance(model, OnnxSsd)
    assert (model.anchors, model.classes, model.input_size_px) == (384, CLASSES, SIZE_PX)


def test_labels_beside_the_file_name_the_classes(tmp_path: Path) -> None:
    names = ["cat", "dog", "cow", "bird"]
    path = write_onnx_ssd(tmp_path / "ssd.onnx", labels=["BACKGROUND", *names])
    with Detector(path, engine="onnxruntime", det_th=0.0) as detector:
        assert [detector.labels[class_id] for class_id in (1, 2, 3, 4)] == names
        assert set(detector.detect(random_picture()).classes.tolist()) <= {1, 2, 3, 4}


def test_without_labels_classes_are_numbers(network: Path) -> None:
    with Detector(network, engine="onnxruntime") as detector:
        assert detector.labels[1] == "1"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_classes": 9}, "num_classes is 9, but the graph has 4 classes"),
        ({"split_shape": 9}, "split_shape is 9, but the graph has 384 anchors"),
        ({"split_model": False}, "split_model is False, but the NMS of onnx_ssd is not in its file"),
        ({"nms": "graph"}, "nms is graph, but the NMS of onnx_ssd is not in its file; set nms: auto"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    settings: Dict[str, Any], message: str, network: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        Detector(network, engine="onnxruntime", **settings)


@pytest.mark.parametrize("model_type", ["onnx_ssd", "trt_v1", "auto"])
def test_it_is_what_it_is_called(model_type: str, network: Path) -> None:
    assert load_model(network, model_type).type_name == "onnx_ssd"


def test_another_type_is_refused(network: Path) -> None:
    message = r"ssd\.onnx: model_type is nms_v2, but the ONNX file is onnx_ssd; set model_type: onnx_ssd"
    with pytest.raises(CutError, match=message):
        load_model(network, "nms_v2")


def test_a_graph_is_not_taken_for_one(tiny_model: Path) -> None:
    with pytest.raises(CutError, match="model_type is onnx_ssd, but the graph is nms_v2"):
        load_model(tiny_model, "onnx_ssd")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": ("images", "scores", "boxes")}, r"must take input_0 .* images float \[1x3x48x64\]"),
        ({"names": ("input_0", "output", "boxes")}, r"must be scores and boxes.* output float \[1x384"),
        ({"names": ("input_0", "boxes", "scores")}, r"scores must be \[BxNxC\].* scores .*x384x4\]"),
        ({"batch": 4}, r"must take input_0 .* it takes input_0 float \[4x3x48x64\]"),
    ],
)
def test_another_network_is_refused_with_the_rule_that_it_breaks(
    changes: Dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = write_onnx_ssd(tmp_path / "ssd.onnx", **changes)
    with pytest.raises(CutError, match=message) as caught:
        load_model(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: not an ONNX file that splitdet knows; it is closest to onnx_ssd")
    assert "\n" not in text


def test_tensorflow_is_not_loaded(network: Path) -> None:
    code = (
        "import sys, numpy, splitdet\n"
        f"detector = splitdet.Detector({str(network)!r}, engine='onnxruntime', det_th=0.1)\n"
        "found = detector.detect(numpy.zeros((50, 60, 3), numpy.uint8))\n"
        "print(len(found), {'tensorflow', 'tensorflow_core', 'tf2onnx'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=str(ROOT / "lib"),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    count, modules = done.stdout.split(maxsplit=1)
    assert int(count) > 0
    assert modules.strip() == "set()"
