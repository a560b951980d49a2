"""What is exported is what the zoo exports, and finds what was trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Tuple

import cv2
import numpy as np
import pytest

from reference import PlainSession
from splitdet.detector import Detector
from splitdet.errors import ModelError
from splitdet.graph import proto
from splitdet.graph.load import load_graph, save_graph
from splitdet.graph.tensors import to_tensor
from splitdet.labels import Labels
from splitdet.loading import load_model
from splitdet.models import identify
from splitdet.models.nms_settings import TENSORFLOW_2, read_settings
from splitdet.train.architecture import Architecture
from splitdet.train.weights import Arrays, from_frozen_graph, random_weights

pytestmark = pytest.mark.usefixtures("tensorflow_2")
ARCHITECTURE = Architecture(classes=3, size_px=96, width=0.1)
LABELS = Labels({1: "nine", 2: "ten", 3: "jack's"})


@pytest.fixture(scope="module")
def weights() -> Arrays:
    """Random ones, with classes that are found."""
    found = random_weights(ARCHITECTURE, seed=1)
    for name, array in found.items():
        if name.endswith("/ClassPredictor/biases"):
            array[:] = np.random.RandomState(len(array)).uniform(-2, 1, array.shape)
    return found


@pytest.fixture(scope="module")
def model(tensorflow_2: None, tmp_path_factory: pytest.TempPathFactory, weights: Arrays) -> Path:
    """An exported detector."""
    from splitdet.train.export import export_model

    folder = tmp_path_factory.mktemp("exported") / "model"
    return export_model(folder, ARCHITECTURE, weights, LABELS, {"seed": 0}, 0.3)


@pytest.fixture(scope="module")
def expected(model: Path, picture: np.ndarray) -> Tuple[np.ndarray, ...]:
    """What a plain session finds: boxes, scores, classes."""
    found = PlainSession(model)(picture)
    assert len(found[1]) > 5
    return found


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Something to look at."""
    noise = np.random.RandomState(0).randint(0, 256, (12, 16, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (160, 120)))


def test_inspect_knows_the_exported_graph(model: Path) -> None:
    found = identify(load_graph(model))
    assert (found.type_name, found.anchors, found.classes) == ("nms_v2", 204, 3)
    assert found.input_size_px == (96, 96)


def test_split_is_unsplit_to_the_bit(
    model: Path, picture: np.ndarray, expected: Tuple[np.ndarray, ...]
) -> None:
    boxes, scores, classes = expected
    for split in (True, False):
        with Detector(model, split_model=split, det_th=0, engine="tensorflow") as detector:
            found = detector.detect(picture)
        np.testing.assert_array_equal(found.boxes, boxes)
        np.testing.assert_array_equal(found.scores, scores)
        np.testing.assert_array_equal(found.classes, classes)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_engines_run_the_exported_graph(
    model: Path, picture: np.ndarray, expected: Tuple[np.ndarray, ...], engine: str
) -> None:
    pytest.importorskip(engine)
    with Detector(model, det_th=0, engine=engine) as detector:
        found = detector.detect(picture)
    np.testing.assert_allclose(found.scores, expected[1], atol=1e-4)


@pytest.mark.parametrize("batch", [1, 2])
def test_openvinos_own_reader_takes_the_whole_file(
    model: Path, picture: np.ndarray, expected: Tuple[np.ndarray, ...], batch: int
) -> None:
    openvino = pytest.importorskip("openvino")
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(str(model)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    found = compiled(np.stack([picture[..., ::-1]] * batch))
    by_name = {name: array[-1] for port, array in found.items() for name in port.get_names()}
    count = int(by_name["num_detections:0"])
    assert count == len(expected[1])
    for name, array in zip(("boxes", "scores", "classes"), expected):
        np.testing.assert_allclose(by_name[f"detection_{name}:0"][:count], array, atol=1e-5)


def test_the_fast_nms_takes_the_place_of_the_exported_one(model: Path) -> None:
    from splitdet.train.suppression import settings_of

    read = read_settings(load_model(model).parts, TENSORFLOW_2)
    assert read == replace(
        settings_of(0.3), score_threshold=read.score_threshold, iou_threshold=read.iou_threshold
    )
    assert (read.score_threshold, read.iou_threshold) == pytest.approx((0.3, 0.6))


def test_one_class_alone_is_read_as_well(tmp_path: Path) -> None:
    from splitdet.train.export import export_model

    architecture = Architecture(classes=1, size_px=64, width=0.1)
    graph = export_model(
        tmp_path, architecture, random_weights(architecture), Labels({1: "one"}), {}, 0.3
    )
    model = load_model(graph)
    assert (model.classes, read_settings(model.parts, TENSORFLOW_2).max_total) == (1, 100)


def test_the_exported_graph_finds_what_the_network_in_training_finds(
    model: Path, picture: np.ndarray, weights: Arrays
) -> None:
    from splitdet.train.learner import Learner

    (in_training,) = Learner(ARCHITECTURE, weights, 13, False).detect([picture])
    expected = in_training.top(0.31, 20)
    with Detector(model, det_th=0.31, engine="tensorflow") as detector:
        found = detector.detect(picture).top(0.31, 20)
    assert len(expected) > 5
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)
    np.testing.assert_array_equal(found.classes, expected.classes)


def test_labels_and_manifest_lie_beside_the_graph(model: Path) -> None:
    from splitdet.labels import load_labels
    from splitdet.zoo.manifest import label_path, read_manifest

    manifest = read_manifest(model.parent)
    assert (manifest.model_type, manifest.anchors) == ("nms_v2", 204)
    assert load_labels(label_path(manifest)).names == LABELS.names


def test_weights_are_read_back_from_the_exported_graph(model: Path, weights: Arrays) -> None:
    back = from_frozen_graph(model, ARCHITECTURE)
    for name, array in weights.items():
        np.testing.assert_array_equal(back[name], array)


def test_other_classes_keep_all_weights_but_those_of_classes(model: Path, weights: Arrays) -> None:
    more = from_frozen_graph(model, Architecture(classes=5, size_px=96, width=0.1))
    changed = {name for name in weights if more[name].shape != weights[name].shape}
    assert all("/ClassPredictor/" in name for name in changed)
    assert len(changed) == 12


def test_weights_that_do_not_fit_their_normalisation_are_refused(tmp_path: Path) -> None:
    layer = ARCHITECTURE.first
    arrays = {layer.weights_name: np.ones(layer.kernel_shape, np.float32)}
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        arrays[f"{layer.name}/BatchNorm/{name}"] = np.ones(layer.outputs + 1, np.float32)
    graph_def = proto.GraphDef()
    for name, array in arrays.items():
        graph_def.node.add(name=name, op="Const").attr["value"].tensor.CopyFrom(to_tensor(array))
    save_graph(graph_def, tmp_path / "graph.pb")
    with pytest.raises(ModelError, match=rf"graph\.pb: .* of '{layer.name}' do not fit together"):
        from_frozen_graph(tmp_path / "graph.pb", ARCHITECTURE)


def test_jetson_inference_gets_the_same_boxes(
    tmp_path: Path, picture: np.ndarray, weights: Arrays
) -> None:
    pytest.importorskip("tf2onnx")
    from splitdet.train.jetson import export_jetson
    from splitdet.train.learner import Learner

    file = export_jetson(tmp_path, ARCHITECTURE, weights, LABELS)
    assert (tmp_path / "labels.txt").read_text().split("\n")[:2] == ["BACKGROUND", "nine"]
    model = load_model(file)
    assert (model.type_name, model.classes, model.input_size_px) == ("onnx_ssd", 3, (96, 96))
    picture = np.asarray(cv2.resize(picture, (96, 96)))  # both resize alike where there is nothing to do
    (expected,) = Learner(ARCHITECTURE, weights, 13, False).detect([picture])
    with Detector(file, det_th=0.3, engine="onnxruntime") as detector:
        found = detector.detect(picture)
    np.testing.assert_allclose(found.scores[0], expected.scores[0], atol=1e-4)
    np.testing.assert_allclose(found.boxes[0], np.clip(expected.boxes[0], 0, 1), atol=1e-4)
    assert found.classes[0] == expected.classes[0]


@pytest.mark.model
def test_the_network_is_that_of_the_default_model(default_model: Path) -> None:
    import tensorflow as tf

    from splitdet.train.network import Network

    architecture = Architecture(classes=90)
    weights = from_frozen_graph(default_model, architecture)
    image = np.random.RandomState(0).uniform(-1, 1, (1, 300, 300, 3)).astype(np.float32)
    found = Network(tf, architecture, weights.__getitem__, tf.float32).back(image, 0)
    with tf.Graph().as_default():
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(default_model.read_bytes()), name="")
        with tf.compat.v1.Session() as session:
            expected = session.run(["Squeeze:0", "concat_1:0"], {"Preprocessor/sub:0": image})
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_no_operation_has_an_attribute_that_tensorflow_1_15_refuses(model: Path) -> None:
    refused = {"explicit_paddings", "Tk", "index_type"}
    assert not any(refused & set(node.attr) for node in load_graph(model))
