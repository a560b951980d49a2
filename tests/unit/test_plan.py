"""Engines that take frames as they are, and suppress as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import numpy as np
import pytest

import splitdet
from kernels_on_cpu import CpuKernels
from splitdet.detector import Detector
from splitdet.engines import choose
from splitdet.errors import EngineError
from splitdet.plan import FramesFront, SuppressedBack
from splitdet.types import Detections
from suppressing_engine import SuppressingEngine

pytest.importorskip("tf2onnx")
pytest.importorskip("onnxruntime")
LOW, HIGH = 0.0, 0.5
"""Score thresholds with too many candidates for the GPU in each frame, and with few."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SuppressingEngine:
    return SuppressingEngine(CpuKernels(tmp_path_factory.mktemp("kernels")))


@pytest.fixture(scope="module")
def images() -> List[np.ndarray]:
    random = np.random.RandomState(0)
    return [random.randint(0, 256, (40, 60, 3)).astype(np.uint8) for _ in range(6)]


@pytest.fixture
def open_detector(engine: SuppressingEngine, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Opens the tiny model with that engine, whatever the settings ask for."""

    def detector(**settings: Any) -> Detector:
        monkeypatch.setattr(choose, "make_engine", lambda *_: engine)
        return Detector(tiny_model, engine="tensorrt", **settings)

    return detector


def _equal(found: Detections, expected: Detections) -> None:
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.classes, expected.classes)


@pytest.mark.parametrize("threshold", [LOW, HIGH])
def test_an_engine_that_suppresses_keeps_what_the_host_would_keep(
    open_detector: Any, images: List[np.ndarray], threshold: float
) -> None:
    with open_detector(det_th=threshold) as by_engine, open_detector(
        det_th=threshold, nms="fast"
    ) as by_host:
        for image in images:
            found = by_engine.detect(image)
            assert len(found) > 3
            _equal(found, by_host.detect(image))


def test_batches_may_hold_frames_that_are_left_to_the_host(
    open_detector: Any, images: List[np.ndarray]
) -> None:
    flat = [np.zeros((40, 60, 3), np.uint8), *images]
    with open_detector(det_th=LOW) as alone, open_detector(det_th=LOW, batch_size=4) as together:
        found = [result for _, result in splitdet.stream(flat, together)]
        assert len(found) == len(flat)
        for image, result in zip(flat, found):
            np.testing.assert_allclose(result.scores, alone.detect(image).scores, atol=1e-6)


def test_no_more_than_the_limit_is_reported(open_detector: Any, images: List[np.ndarray]) -> None:
    with open_detector(det_th=LOW, max_boxes=3) as detector:
        assert len(detector.detect(images[0])) == 3


def test_an_engine_without_nms_needs_the_split(open_detector: Any) -> None:
    with pytest.raises(EngineError, match="set split_model: True"):
        open_detector(split_model=False)


def test_the_threshold_may_be_moved_either_way(open_detector: Any, images: List[np.ndarray]) -> None:
    with open_detector(det_th=HIGH) as detector, open_detector(det_th=HIGH, nms="fast") as by_host:
        for score in (HIGH, 0.2, 0.8):
            for moved in (detector, by_host):
                moved.threshold.set(score)
            _equal(detector.detect(images[0]), by_host.detect(images[0]))


@pytest.mark.parametrize("is_built", [True, False])
def test_auto_tries_tensorrt_where_its_engine_is_built(
    engine: SuppressingEngine,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_built: bool,
) -> None:
    make = choose.make_engine

    def prefer_frames(fronts: Any, *_: Any) -> Any:
        return {name: 1.0 + isinstance(front, FramesFront) for name, front in fronts.items()}

    def with_tensorrt(name: str, *rest: Any) -> Any:
        return engine if name == choose.TENSORRT else make(name, *rest)

    monkeypatch.setenv("SPLITDET_CACHE", str(tmp_path))
    monkeypatch.setattr(choose.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(choose, "find_cuda", lambda: None)
    monkeypatch.setattr(engine, "is_ready", lambda _: is_built)
    monkeypatch.setattr(choose, "make_engine", with_tensorrt)
    monkeypatch.setattr(choose, "frames_per_second", prefer_frames)
    with Detector(tiny_model) as detector:
        assert (detector.engine is engine) == is_built
        if is_built:
            assert isinstance(detector.steps.back, SuppressedBack)
