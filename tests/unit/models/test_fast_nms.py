"""The fast NMS from a lower score on than the graph was exported with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ssd_graphs
from reference import PlainSession
from splitdet.detector import Detector
from splitdet.errors import ConfigError, CutError
from splitdet.models.fast_nms import FastNms
from splitdet.models.nms_settings import TENSORFLOW_2
from splitdet.nms import Ties

LOW = 0.05


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.RandomState(0).randint(0, 256, (48, 64, 3)).astype(np.uint8)


@pytest.mark.parametrize("generation", ["nms_v0", "nms_v1", "nms_v2"])
def test_what_is_found_is_what_the_graph_finds_when_exported_with_that_score(
    generation: str, image: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs = {}
    for threshold in (0.8, 0.7):
        monkeypatch.setattr(ssd_graphs, "SCORE_THRESHOLD", threshold)
        graphs[threshold] = ssd_graphs.write_ssd(tmp_path / f"{threshold}.pb", generation)
    boxes, scores, classes = PlainSession(graphs[0.7])(image)
    with Detector(graphs[0.8], engine="tensorflow", det_th=0, nms_score_th=0.7) as detector:
        found = detector.detect(image)
    np.testing.assert_array_equal(found.boxes, boxes)
    np.testing.assert_array_equal(found.scores, scores)
    np.testing.assert_array_equal(found.classes, classes)
    assert 0.7 < scores.min() < 0.8


def test_a_higher_score_than_the_graphs_changes_nothing(tiny_model: Path) -> None:
    with Detector(tiny_model, engine="tensorflow") as detector:
        parts = detector.model.parts
    assert FastNms(parts, TENSORFLOW_2, 0.9).settings == FastNms(parts, TENSORFLOW_2).settings


def test_what_the_graph_leaves_open_is_decided_where_it_cannot_be_asked(tiny_model: Path) -> None:
    with Detector(tiny_model, engine="tensorflow") as detector:
        habits = TENSORFLOW_2._replace(ties=Ties.BY_CLASS)
        nms = FastNms(detector.model.parts, habits, LOW)
    count = detector.model.anchors or 0
    scores = np.full((1, count, 3), 0.1, np.float32)
    boxes = np.tile(np.array([0, 0, 1, np.nan], np.float32), (1, count, 1, 1))
    boxes[0, 5] = [0.1, 0.1, 0.9, 0.9]
    tensors = [
        {"scores": scores, "boxes": boxes, "window": np.array([[0, 0, 1, 1]], np.float32)}[port.role]
        for port in detector.model.parts.cut
    ]
    found = nms.find(tuple(tensors), 0)
    assert found is not None
    assert found.classes.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"nms": "graph"}, "nms is graph"), ({"split_model": False}, "split_model is False")],
)
def test_a_score_for_an_nms_that_does_not_run_is_refused(
    settings: dict, reason: str, tiny_model: Path
) -> None:
    with pytest.raises(ConfigError, match=f"the graph's own NMS runs \\({reason}\\)"):
        Detector(tiny_model, engine="tensorflow", nms_score_th=LOW, **settings)


def test_a_score_for_an_nms_that_is_not_known_is_refused(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise CutError("its NMS is a strange one")

    monkeypatch.setattr("splitdet.models.parts.read_settings", unknown)
    with pytest.raises(CutError, match=r"nms_score_th is 0\.05, but its NMS is a strange one"):
        Detector(tiny_model, engine="tensorflow", nms_score_th=LOW)
