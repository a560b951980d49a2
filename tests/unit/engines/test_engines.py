"""Engines that take the network of a cut graph: they agree with TensorFlow; the best is chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np
import pytest

import splitdet
from splitdet.cache import cache_file
from splitdet.config import Config, make_config
from splitdet.detector import Detector
from splitdet.engines import choose, ends
from splitdet.engines.choose import VERDICTS
from splitdet.engines.ends import make_front
from splitdet.engines.make import make_engine
from splitdet.engines.parity import Difference, compare, frames_per_second, trial_picture
from splitdet.errors import CutError, EngineError
from splitdet.graph.load import load_graph, save_graph
from splitdet.models import identify
from splitdet.plan import FastBack, Front, GraphBack, ReadBack, ResizedFront
from splitdet.types import Tensors
from ssd_graphs import write_ssd

OTHERS = ("openvino", "onnxruntime")


def needs(engine: str) -> None:
    """Skip where the engine is not installed."""
    pytest.importorskip(engine)
    if engine == "onnxruntime":
        pytest.importorskip("tf2onnx")


@pytest.fixture
def prefer_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is not TensorFlow is the fastest here."""
    needs("openvino")

    def rates(fronts: dict[str, Front], *_: object) -> dict[str, float]:
        return {name: 1.0 + isinstance(front, ResizedFront) for name, front in fronts.items()}

    monkeypatch.setattr(choose, "frames_per_second", rates)


def fronts(graph: Path, engine: str, config: Config) -> Iterator[Front]:
    """The front of `engine`, then that of TensorFlow."""
    model = identify(load_graph(graph))
    for name in (engine, "tensorflow"):
        yield make_front(make_engine(name, config, 1), model)


@pytest.mark.parametrize("generation", ["nms_v0", "nms_v1", "nms_v2"])
@pytest.mark.parametrize("engine", OTHERS)
def test_raw_outputs_agree_with_tensorflow(engine: str, generation: str, tmp_path: Path) -> None:
    needs(engine)
    graph = write_ssd(tmp_path / "graph.pb", generation)
    other, plain = fronts(graph, engine, make_config())
    image = trial_picture()
    difference = compare(other, plain.run(plain.prepare([image])), image)
    assert difference.within(1e-5)


@pytest.mark.model
@pytest.mark.parametrize("engine", OTHERS)
def test_the_default_model_finds_the_same_by_every_engine(
    engine: str, default_model: Path, clip: Path
) -> None:
    needs(engine)
    capture = cv2.VideoCapture(str(clip))
    plain = Detector(default_model, engine="tensorflow", det_th=0.3)
    with Detector(default_model, engine=engine, det_th=0.3) as other, plain:
        for _ in range(10):
            image = capture.read()[1]
            one, two = other.detect(image), plain.detect(image)
            np.testing.assert_array_equal(one.classes, two.classes)
            np.testing.assert_allclose(one.boxes, two.boxes, atol=1e-4)
            np.testing.assert_allclose(one.scores, two.scores, atol=1e-4)


@pytest.mark.parametrize("engine", OTHERS)
def test_a_batch_gives_what_its_frames_give_alone(engine: str, tiny_model: Path) -> None:
    needs(engine)
    random = np.random.RandomState(0)
    images = [random.randint(0, 256, (70, 90, 3)).astype(np.uint8) for _ in range(6)]
    settings = {"engine": engine, "det_th": 0.3}
    alone = [found for _, found in splitdet.stream(images, tiny_model, **settings)]
    together = [found for _, found in splitdet.stream(images, tiny_model, batch_size=3, **settings)]
    assert sum(len(found) for found in alone) > 10
    for one, other in zip(alone, together):
        np.testing.assert_array_equal(one.classes, other.classes)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-5)


def test_swapped_colours_are_noticed(tiny_model: Path) -> None:
    needs("openvino")

    class Swapped(ResizedFront):
        def prepare(self, images: list[np.ndarray]) -> Tensors:  # type: ignore[override]
            return super().prepare([image[..., ::-1] for image in images])

    model = identify(load_graph(tiny_model))
    engine = make_engine("openvino", make_config(), 1)
    plain = make_front(make_engine("tensorflow", make_config(), 1), model)
    image = trial_picture()
    reference = plain.run(plain.prepare([image]))
    runner = engine.compile(model.parts.network(), ())
    assert not compare(Swapped(model, runner), reference, image).within(1e-3)
    assert compare(ResizedFront(model, runner), reference, image).within(1e-3)


def test_trt_v1_runs_by_tensorrt(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(name: str, *_: object) -> None:
        asked.append(name)
        raise EngineError("not here")

    monkeypatch.setattr(choose, "make_engine", refuse)
    with pytest.raises(EngineError, match="not here"):
        Detector(tiny_model, model_type="trt_v1")
    assert asked == ["tensorrt"]


def test_the_faster_of_two_has_the_higher_rate(tiny_model: Path) -> None:
    front = make_front(make_engine("tensorflow", make_config(), 1), identify(load_graph(tiny_model)))

    class TenTimes:
        prepare = staticmethod(front.prepare)

        def run(self, tensors: Tensors) -> Tensors:
            for _ in range(9):
                front.run(tensors)
            return front.run(tensors)

    rates = frames_per_second({"slow": TenTimes(), "fast": front}, trial_picture(), 2)
    assert rates["fast"] > rates["slow"] > 0


class Compiled:
    """Counts what engines make ready to run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fronts: list[Front] = []
        make = ends.make_front
        for module in (choose, ends):
            monkeypatch.setattr(module, "make_front", lambda *args: self._counted(make(*args)))

    def _counted(self, front: Front) -> Front:
        self.fronts.append(front)
        return front


@pytest.mark.usefixtures("fresh_cache", "prefer_others")
def test_auto_takes_the_fastest_that_agrees_and_remembers_it(
    tiny_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with Detector(tiny_model) as detector:
        assert "OpenVINO" in detector.engine.description or "ONNX" in detector.engine.description
    assert "is the fastest here that agrees with TensorFlow" in caplog.text
    assert len(json.loads(cache_file(VERDICTS).read_text())) == 1


@pytest.mark.usefixtures("fresh_cache", "prefer_others")
def test_what_the_trial_made_ready_is_what_runs(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = Compiled(monkeypatch)
    with Detector(tiny_model) as detector:
        assert len(compiled.fronts) == len(choose.installed_engines())
        assert detector.steps.front in compiled.fronts
        assert len(detector.detect(trial_picture())) > 0
    again = Compiled(monkeypatch)
    Detector(tiny_model).close()
    assert len(again.fronts) == 1


@pytest.mark.usefixtures("fresh_cache")
def test_an_engine_that_disagrees_is_not_chosen(
    tiny_model: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("openvino")
    monkeypatch.setattr(choose, "compare", lambda *_: Difference(0.5, 0.0))
    with Detector(tiny_model) as detector:
        assert "TensorFlow" in detector.engine.description
    assert "differs from TensorFlow" in caplog.text


@pytest.mark.usefixtures("fresh_cache", "prefer_others")
def test_with_another_gpu_the_engines_are_compared_again(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Detector(tiny_model).close()
    monkeypatch.setattr(choose, "nvidia_setup", lambda: ("Model: another",))
    Detector(tiny_model).close()
    assert len(json.loads(cache_file(VERDICTS).read_text())) == 2


@pytest.mark.parametrize("engine", ["auto", "tensorflow"])
def test_a_graph_that_tensorflow_does_not_know_is_refused(engine: str, tmp_path: Path) -> None:
    graph = load_graph(write_ssd(tmp_path / "graph.pb", "nms_v2")).graph_def
    next(node for node in graph.node if node.op == "Relu6").op = "MyRelu"
    save_graph(graph, tmp_path / "mine.pb")
    with pytest.raises(EngineError, match=r"^TensorFlow \S+ does not run this model: .*MyRelu"):
        Detector(tmp_path / "mine.pb", engine=engine)


def test_an_engine_that_fails_on_the_first_picture_is_named(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of\nmemory")

    with Detector(tiny_model, engine="tensorflow") as detector:
        monkeypatch.setattr(detector.steps, "warm_up", fail)
        with pytest.raises(EngineError, match=r"^TensorFlow .* does not run this model: out of memory$"):
            detector.warm_up()


def test_a_damaged_memory_of_verdicts_is_made_anew(tiny_model: Path, fresh_cache: Path) -> None:
    needs("openvino")
    fresh_cache.mkdir()
    cache_file(VERDICTS).write_text("{ not json")
    Detector(tiny_model).close()
    assert len(json.loads(cache_file(VERDICTS).read_text())) == 1


def test_a_cache_that_cannot_be_written_does_no_harm(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("openvino")
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SPLITDET_CACHE", str(tmp_path / "file" / "cache"))
    Detector(tiny_model).close()


def test_another_engine_needs_the_split(tiny_model: Path) -> None:
    with pytest.raises(EngineError, match="split_model is False; set engine: tensorflow"):
        Detector(tiny_model, engine="openvino", split_model=False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"engine": "tensorflow", "precision": "fp16"}, "tensorflow has no precision fp16"),
        ({"engine": "openvino", "precision": "tf32"}, "openvino has no precision tf32"),
        (
            {"engine": "openvino", "precision": "int8"},
            "int8 needs pictures .*: --set calibration=FOLDER",
        ),
        ({"engine": "onnxruntime", "precision": "bf16"}, "onnxruntime has no precision bf16"),
        ({"engine": "openvino", "device": "gpu"}, "openvino runs on the CPU"),
        ({"engine": "onnxruntime", "device": "gpu"}, "this ONNX Runtime has no CUDA"),
    ],
)
def test_what_an_engine_cannot_do_is_refused(
    settings: dict[str, str], message: str, tiny_model: Path
) -> None:
    needs(settings["engine"])
    with pytest.raises(EngineError, match=message):
        Detector(tiny_model, **settings)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, FastBack),
        ({"nms": "fast"}, FastBack),
        ({"nms": "graph"}, GraphBack),
        ({"split_model": False}, ReadBack),
    ],
)
def test_who_suppresses_is_as_the_settings_say(
    settings: dict[str, object], kind: type, tiny_model: Path
) -> None:
    with Detector(tiny_model, engine="tensorflow", **settings) as detector:
        assert type(detector.steps.back) is kind


def test_a_frame_that_only_the_graph_can_judge_goes_to_the_graph(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = trial_picture()
    with Detector(tiny_model, engine="tensorflow", nms="graph", det_th=0.3) as detector:
        expected = detector.detect(image)
    with Detector(tiny_model, engine="tensorflow", nms="fast", det_th=0.3) as detector:
        monkeypatch.setattr("splitdet.models.fast_nms.suppress", lambda *_: None)
        found = detector.detect(image)
    assert len(expected) > 3
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_fast_is_refused_where_the_nms_of_the_graph_is_not_known(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise CutError("its NMS is strange")

    monkeypatch.setattr(ends, "FastNms", unknown)
    Detector(tiny_model, engine="tensorflow").close()
    with pytest.raises(CutError, match="nms is fast, but its NMS is strange; set nms"):
        Detector(tiny_model, engine="tensorflow", nms="fast")
