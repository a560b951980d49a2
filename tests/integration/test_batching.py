"""Frames that go through the network together give what each gives alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from fakes import FakeDetector, FakeSource
from reference import frames_of
from splitdet.assemble import assemble
from splitdet.config import make_config
from splitdet.detector import Detector
from splitdet.sources.memory import MemorySource
from splitdet.sources.synthetic import SyntheticSource
from splitdet.types import Detections
from ssd_graphs import write_ssd

PATIENT: Dict[str, Any] = {"batch_size": 4, "batch_timeout_ms": 60_000}
"""Batches are full, however fast the source is."""


def run(source: Any, detector: Any) -> Tuple[List[int], List[Detections]]:
    """Sizes of the batches, and what was found in each frame."""
    sizes: List[int] = []
    found: List[Detections] = []
    with assemble(source, detector) as pipeline:
        for batch in pipeline:
            sizes.append(len(batch.frames))
            found.extend(batch.results)
    return sizes, found


def assert_same(together: List[Detections], alone: List[Detections], tolerance: float = 0.0) -> None:
    """The same was found in each frame, up to `tolerance` in scores and edges of boxes."""
    assert len(together) == len(alone)
    for one, other in zip(together, alone):
        np.testing.assert_array_equal(one.classes, other.classes)
        np.testing.assert_allclose(one.boxes, other.boxes, rtol=0, atol=tolerance)
        np.testing.assert_allclose(one.scores, other.scores, rtol=0, atol=tolerance)


def test_batches_are_filled_when_their_frames_may_wait() -> None:
    sizes, _ = run(FakeSource(10), FakeDetector(config=make_config(**PATIENT)))
    assert sizes == [4, 4, 2]


@pytest.mark.parametrize("generation", ["nms_v1", "nms_v2"])
@pytest.mark.parametrize("nms", ["graph", "fast"])
def test_a_full_batch_gives_to_the_bit_what_its_frames_give_alone(
    nms: str, generation: str, tmp_path: Path
) -> None:
    model = write_ssd(tmp_path / "graph.pb", generation)
    settings = {"det_th": 0.3, "engine": "tensorflow", "nms": nms}
    with Detector(model, **settings, **PATIENT) as detector:
        sizes, together = run(SyntheticSource(10), detector)
    with Detector(model, **settings) as detector:
        _, alone = run(SyntheticSource(10), detector)
    assert sizes == [4, 4, 2]
    assert sum(len(found) for found in alone) > 10
    assert_same(together, alone)


@pytest.mark.model
@pytest.mark.parametrize("engine", ["tensorflow", "openvino", "onnxruntime"])
def test_the_default_model_finds_the_same_in_a_batch(
    engine: str, default_model: Path, clip: Path
) -> None:
    if engine != "tensorflow":
        pytest.importorskip(engine)
    settings = {"det_th": 0.3, "engine": engine}
    images = list(frames_of(clip, 250))[::25]
    with Detector(default_model, **settings, **PATIENT) as detector:
        sizes, together = run(MemorySource(images), detector)
    with Detector(default_model, **settings) as detector:
        _, alone = run(MemorySource(images), detector)
    assert sizes == [4, 4, 2]
    assert sum(len(found) for found in alone) > 10
    assert_same(together, alone, tolerance=1e-5)
