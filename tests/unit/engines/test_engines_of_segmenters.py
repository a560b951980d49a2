"""Which engine runs a segmenter: the fastest that gives TensorFlow's classes, pixel by pixel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict

import numpy as np
import pytest

from picture_files import random_pictures
from places import GRAPH_FILE
from segmenter_graphs import write_segmenter
from splitdet.cache import cache_file
from splitdet.detector import Detector
from splitdet.engines import choose
from splitdet.engines.choose import VERDICTS
from splitdet.engines.parity import compare, trial_picture
from splitdet.errors import EngineError
from splitdet.plan import Front
from splitdet.types import Segmentation

pytest.importorskip("openvino")
pytestmark = pytest.mark.usefixtures("fresh_cache")


@pytest.fixture(name="graph")
def _graph(tmp_path: Path) -> Path:
    return write_segmenter(tmp_path / GRAPH_FILE)


def pixels(detector: Detector, image: np.ndarray) -> np.ndarray:
    """The class of each pixel."""
    found = detector.detect(image)
    assert isinstance(found, Segmentation)
    return found.pixels


def test_openvino_gives_the_classes_of_tensorflow_for_pictures_of_any_shape(graph: Path) -> None:
    with Detector(graph, engine="openvino") as ours, Detector(graph, engine="tensorflow") as wanted:
        assert "OpenVINO" in ours.engine.description
        for height, width in ((65, 40), (30, 65), (130, 130)):
            (image,) = random_pictures(1, height, width)
            np.testing.assert_array_equal(pixels(ours, image), pixels(wanted, image))


def test_a_second_start_takes_what_was_compiled(
    graph: Path, fresh_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from splitdet.engines.openvino import OpenVinoEngine

    Detector(graph, engine="openvino").close()
    monkeypatch.setattr(OpenVinoEngine, "_read", lambda *_: pytest.fail("read again"))
    Detector(graph, engine="openvino").close()


def test_auto_takes_the_fastest_and_remembers_it(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rates(fronts: Dict[str, Front], *_: object) -> Dict[str, float]:
        assert sorted(fronts) == ["openvino", "tensorflow"]
        return {"openvino": 2.0, "tensorflow": 1.0}

    monkeypatch.setattr(choose, "frames_per_second", rates)
    with Detector(graph) as detector:
        assert "OpenVINO" in detector.engine.description
        assert pixels(detector, trial_picture()).max() > 0
    assert list(json.loads(cache_file(VERDICTS).read_text()).values()) == ["openvino"]


def test_the_share_of_other_pixels_is_told(graph: Path) -> None:
    with Detector(graph, engine="tensorflow") as detector:
        front = detector.steps.front  # type: ignore[attr-defined]
        (reference,) = front.run(front.prepare([trial_picture()]))
        assert compare(front, (reference,), trial_picture()).within(0.0)
        changed = reference.copy()
        changed[:, :5] += 1
        difference = compare(front, (changed,), trial_picture())
        assert difference.pixels == pytest.approx(5 / reference.shape[1])
        assert not difference.within(0.01)


def test_engines_that_do_not_run_segmenters_say_so(graph: Path) -> None:
    with pytest.raises(EngineError, match="this one is deeplab_v3, where it varies; set engine"):
        Detector(graph, engine="onnxruntime")
    with pytest.raises(EngineError, match="int8 is for networks with one size of input"):
        Detector(graph, engine="openvino", precision="int8", calibration="pictures")
