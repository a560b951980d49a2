"""SavedModels, frozen in memory: they answer as TensorFlow's own loader makes them answer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np
import pytest

import splitdet
from saved_models import ANSWERS, IMAGE, KINDS, OUTPUTS, write_all
from splitdet.compat import tensorflow, version
from splitdet.engines.saved_model import open_graph
from splitdet.errors import ModelError
from splitdet.graph.graph import Graph
from splitdet.graph.load import load_graph, save_graph
from splitdet.models import identify
from splitdet.zoo.find import find_model

LIBRARY = Path(splitdet.__file__).resolve().parents[1]
DETECTORS = ["v1_frozen", "v1_ref", "v1_resource", "v2_wrapped"]
LOOPS = ["v2_loop", "v2_loop_with_variable"]
is_v1 = version().startswith("1.")
not_in_v1 = pytest.mark.skipif(is_v1, reason="TensorFlow 1 does not freeze variables inside loops")
KIND_PARAMS = [pytest.param(kind, marks=not_in_v1 if kind == LOOPS[1] else ()) for kind in KINDS]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a SavedModel of each kind."""
    return write_all(tmp_path_factory.mktemp("saved_models"))


@pytest.fixture
def spare(written: Path, tmp_path: Path) -> Path:
    """A SavedModel with a variable, to be broken."""
    shutil.copytree(str(written / "v1_resource"), str(tmp_path / "spare"))
    return tmp_path / "spare"


def _opened(folder: Path) -> Graph:
    """The graph that a folder, or a file, stands for."""
    return open_graph(find_model(str(folder)))


def _image_name(graph: Graph) -> str:
    return next(node.name for node in graph if node.op == "Placeholder")


def _answers(graph: Graph, image: np.ndarray) -> Dict[str, np.ndarray]:
    """What a plain session says."""
    v1 = tensorflow()
    with v1.Graph().as_default() as whole:
        v1.import_graph_def(v1.GraphDef.FromString(graph.graph_def.SerializeToString()), name="")
    with v1.Session(graph=whole, config=v1.ConfigProto(device_count={"GPU": 0})) as session:
        outputs = {name: name + ":0" for name in OUTPUTS}
        return dict(session.run(outputs, {_image_name(graph) + ":0": image}))


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_detector_takes_the_folder_of_a_saved_model(kind: str, written: Path) -> None:
    with splitdet.Detector(written / kind, det_th=0, engine="tensorflow") as detector:
        assert detector.split
        found = detector.detect(IMAGE[0, ..., ::-1])
    answers = np.load(str(written / kind / ANSWERS))
    count = int(answers["num_detections"][0])
    assert count > 3
    np.testing.assert_array_equal(found.boxes, answers["detection_boxes"][0, :count])
    np.testing.assert_array_equal(found.scores, answers["detection_scores"][0, :count])


def _export(
    folder: Path,
    dtype: str = "uint8",
    tags: Optional[List[str]] = None,
    signatures: Optional[List[str]] = None,
    saved_variables: Optional[List[str]] = None,
) -> Path:
    """Write a SavedModel of version 1: numbers of the image, summed up and shifted."""
    v1 = tensorflow()
    with v1.Graph().as_default(), v1.Session() as session:
        image = v1.placeholder(dtype, [None], name="images")
        v1.placeholder(v1.uint8, [], name="not_used")
        numbers = v1.strings.to_number(image) if dtype == "string" else v1.cast(image, v1.float32)
        first = v1.get_variable("first", initializer=1.0, use_resource=False)
        second = v1.get_variable("second", initializer=2.0, use_resource=False)
        inner = v1.reduce_sum(numbers, name="detection_boxes")
        shifted = v1.add(inner + first, second, name="shifted")
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.builder.SavedModelBuilder(str(folder))
        kept = [variable for variable in (first, second) if variable.op.name in (saved_variables or ())]
        builder.add_meta_graph_and_variables(
            session,
            ["serve"] if tags is None else tags,
            {
                name: v1.saved_model.predict_signature_def(
                    {"images": image}, {"detection_boxes": shifted, "number": inner}
                )
                for name in (["serving_default"] if signatures is None else signatures)
            },
            saver=v1.train.Saver(None if saved_variables is None else kept),
        )
        builder.save()
    return folder


def _run(graph: Graph, name: str) -> Any:
    v1 = tensorflow()
    with v1.Graph().as_default() as whole:
        v1.import_graph_def(v1.GraphDef.FromString(graph.graph_def.SerializeToString()), name="")
    with v1.Session(graph=whole) as session:
        return session.run(name + ":0", {"images:0": np.array([3, 4], np.uint8)})


def _refusal(folder: Path, place: str = "saved_model.pb") -> str:
    """The message with which a SavedModel is refused: one line that names the place."""
    with pytest.raises(ModelError) as caught:
        _opened(folder)
    assert str(caught.value).startswith(f"{folder / place}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", KIND_PARAMS)
def test_a_frozen_saved_model_gives_the_same_bits(kind: str, written: Path) -> None:
    found = _answers(_opened(written / kind), IMAGE)
    expected = np.load(str(written / kind / ANSWERS))
    assert sorted(found) == sorted(expected.files)
    assert (expected["detection_scores"] > 0).sum() >= 10
    for name in OUTPUTS:
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_frozen_saved_model_is_cut_where_the_graph_it_was_made_from_is(
    kind: str, written: Path
) -> None:
    model = identify(_opened(written / kind))
    original = identify(load_graph(written / "ssd.pb"))
    assert model.type_name == original.type_name == "nms_v2"
    assert model.parts.cut == original.parts.cut


@pytest.mark.parametrize("kind", KIND_PARAMS)
def test_the_image_is_the_only_placeholder_that_is_left(kind: str, written: Path) -> None:
    graph = _opened(written / kind)
    assert [node.attr["dtype"].type for node in graph if node.op == "Placeholder"] == [4]


@pytest.mark.parametrize("kind", KIND_PARAMS)
def test_functions_and_variables_are_gone(kind: str, written: Path) -> None:
    frozen = tensorflow().GraphDef.FromString(_opened(written / kind).graph_def.SerializeToString())
    operations = {node.op for node in frozen.node}
    assert not operations & {"StatefulPartitionedCall", "PartitionedCall", "StatelessIf", "If"}
    assert not operations & {"While", "StatelessWhile", "VarHandleOp", "VariableV2", "ReadVariableOp"}
    assert not frozen.library.function
    assert "Enter" in operations


@pytest.mark.parametrize("kind", DETECTORS)
def test_the_graph_keeps_the_version_it_was_written_for(kind: str, written: Path) -> None:
    original = load_graph(written / "ssd.pb").graph_def.versions.producer
    assert _opened(written / kind).graph_def.versions.producer == original


@pytest.mark.skipif(not is_v1, reason="TensorFlow 2 freezes it")
def test_a_loop_that_tensorflow_1_cannot_freeze_is_refused(written: Path) -> None:
    assert "cannot freeze this SavedModel" in _refusal(written / LOOPS[1])


@pytest.mark.parametrize("place", ["", "saved_model.pb"])
def test_a_saved_model_is_opened_by_its_folder_and_by_its_file(place: str, written: Path) -> None:
    assert len(_opened(written / "v1_frozen" / place)) > 400


def test_a_saved_model_is_found_in_a_folder_of_the_zoo(written: Path, tmp_path: Path) -> None:
    shutil.copytree(str(written / "v1_ref"), str(tmp_path / "ssd" / "saved_model"))
    (tmp_path / "ssd" / "checkpoint").mkdir()
    assert identify(_opened(tmp_path / "ssd")).type_name == "nms_v2"


def test_a_saved_model_is_known_by_its_content(spare: Path) -> None:
    (spare / "saved_model.pb").rename(spare / "other.pb")
    assert identify(_opened(spare / "other.pb")).type_name == "nms_v2"


def test_a_frozen_graph_is_opened_without_tensorflow(written: Path) -> None:
    code = (
        "import sys; from splitdet.engines.saved_model import open_graph; "
        "print(len(open_graph(sys.argv[1])), {'tensorflow', 'tensorflow_core'} & set(sys.modules))"
    )
    output = subprocess.check_output(
        [sys.executable, "-c", code, str(written / "ssd.pb")],
        env={**os.environ, "PYTHONPATH": str(LIBRARY)},
    )
    assert output.split() == [str(len(load_graph(written / "ssd.pb"))).encode(), b"set()"]


def test_of_a_frozen_graph_and_a_saved_model_the_frozen_graph_is_taken(
    spare: Path, written: Path
) -> None:
    save_graph(load_graph(written / "ssd.pb").graph_def, spare / "frozen_inference_graph.pb")
    assert len(_opened(spare)) == len(load_graph(written / "ssd.pb"))


def test_a_placeholder_that_no_output_needs_is_gone(tmp_path: Path) -> None:
    graph = _opened(_export(tmp_path / "model"))
    assert [node.name for node in graph if node.op == "Placeholder"] == ["images"]


def test_variables_have_their_saved_values(tmp_path: Path) -> None:
    assert _run(_opened(_export(tmp_path / "model")), "detection_boxes") == 3 + 4 + 1 + 2


def test_an_output_comes_before_another_node_of_its_name(tmp_path: Path) -> None:
    graph = _opened(_export(tmp_path / "model"))
    assert [_run(graph, name) for name in ("detection_boxes", "number")] == [10, 7]


def test_the_only_signature_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    graph = _opened(_export(tmp_path / "model", signatures=["detect"]))
    assert _run(graph, "detection_boxes") == 10


@pytest.mark.parametrize(
    ("signatures", "they"), [(["detect", "classify"], "classify, detect"), ([], "none")]
)
def test_a_choice_of_signatures_is_refused(tmp_path: Path, signatures: List[str], they: str) -> None:
    folder = _export(tmp_path / "model", signatures=signatures)
    message = _refusal(folder)
    assert f"no signature 'serving_default'; it has {they}; export it again" in message


@pytest.mark.parametrize("dtype", ["float32", "string"])
def test_a_model_that_takes_no_images_is_refused(tmp_path: Path, dtype: str) -> None:
    message = _refusal(_export(tmp_path / "model", dtype))
    assert f"it takes images ({dtype}), but must take images of uint8" in message
    assert "export it with input type image_tensor" in message


@pytest.mark.parametrize("tags", [["train"], ["eval", "train"]])
def test_a_model_that_is_not_for_serving_is_refused(tmp_path: Path, tags: List[str]) -> None:
    message = _refusal(_export(tmp_path / "model", tags=tags))
    assert f"nothing in it is tagged 'serve' (its tags: {', '.join(tags)})" in message


def test_a_model_with_more_tags_than_one_is_taken(tmp_path: Path) -> None:
    graph = _opened(_export(tmp_path / "model", tags=["serve", "gpu"]))
    assert _run(graph, "detection_boxes") == 10


@pytest.mark.parametrize("tenth", range(10))
def test_a_saved_model_that_is_cut_off_is_refused(spare: Path, tenth: int) -> None:
    data = (spare / "saved_model.pb").read_bytes()
    (spare / "saved_model.pb").write_bytes(data[: len(data) * tenth // 10])
    assert "cut off" in _refusal(spare)


def test_a_saved_model_without_its_variables_is_refused(spare: Path) -> None:
    shutil.rmtree(str(spare / "variables"))
    assert "values of the variables are missing; copy the whole" in _refusal(spare, "variables")


def test_a_saved_model_without_variables_needs_no_folder_for_them(written: Path, tmp_path: Path) -> None:
    shutil.copy(str(written / "v1_frozen" / "saved_model.pb"), str(tmp_path))
    assert identify(_opened(tmp_path)).type_name == "nms_v2"


def test_a_variables_folder_without_data_is_refused(spare: Path) -> None:
    (spare / "variables" / "variables.data-00000-of-00001").unlink()
    assert "cannot be read" in _refusal(spare, "variables")


def test_a_variables_folder_that_is_cut_off_is_refused(spare: Path) -> None:
    index = spare / "variables" / "variables.index"
    index.write_bytes(index.read_bytes()[:50])
    assert "cannot be read" in _refusal(spare, "variables")


def test_a_saved_model_that_lacks_the_value_of_a_variable_is_refused(tmp_path: Path) -> None:
    folder = _export(tmp_path / "model", saved_variables=["first"])
    assert "does not hold the values of all variables" in _refusal(folder)


def test_an_operation_that_tensorflow_does_not_have_is_refused(spare: Path) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString((spare / "saved_model.pb").read_bytes())
    model.meta_graphs[0].graph_def.node.add(name="new", op="OfTomorrow")
    (spare / "saved_model.pb").write_bytes(model.SerializeToString())
    message = _refusal(spare)
    assert f"TensorFlow {version()} cannot freeze this SavedModel" in message
    assert "OfTomorrow" in message
