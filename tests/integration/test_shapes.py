"""The detector of drawn shapes that comes along, and the demo where nothing can be fetched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from commands import call, records
from reference import PlainSession
from splitdet import Detector
from splitdet.train.score import average_precisions
from splitdet.train.shapes import NAMES, draw_shapes
from splitdet.train.shapes_clip import FRAMES, write_clip
from splitdet.zoo.find import SHAPES, find_model

NOWHERE = "http://127.0.0.1:9"  # nothing listens there
MOST_BYTES = 2_000_000


def test_the_detector_of_shapes_is_small() -> None:
    assert find_model(SHAPES).stat().st_size <= MOST_BYTES


def test_a_model_of_ones_own_goes_before_the_one_that_comes_along(working_folder: Path) -> None:
    own = working_folder / "models" / SHAPES / "frozen_inference_graph.pb"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"")
    assert find_model(SHAPES).resolve() == own.resolve()


@pytest.mark.model
def test_the_detector_of_shapes_finds_shapes_that_it_has_not_seen() -> None:
    samples, labels = draw_shapes("shapes:60:7")
    with Detector(SHAPES, det_th=0.01, engine="tensorflow") as detector:
        assert detector.labels.names == labels.names
        found = [detector.detect(sample.pixels()) for sample in samples]
    assert min(average_precisions(samples, found).values()) > 0.8


@pytest.mark.model
def test_the_detector_of_shapes_gives_the_same_bits_split_and_not_split() -> None:
    unsplit = PlainSession(find_model(SHAPES))
    with Detector(SHAPES, det_th=0, engine="tensorflow") as detector:
        for sample in draw_shapes("shapes:8:8")[0]:
            found = detector.detect(sample.pixels())
            boxes, scores, classes = unsplit(sample.pixels())
            assert len(found) > 0
            np.testing.assert_array_equal(found.boxes, boxes)
            np.testing.assert_array_equal(found.scores, scores)
            np.testing.assert_array_equal(found.classes, classes)


@pytest.mark.model
def test_every_shape_of_the_clip_is_found_in_most_frames(tmp_path: Path) -> None:
    write_clip(tmp_path / "shapes.avi")
    done = call(
        *("run", "shapes.avi", "none", "--model", SHAPES, "--json", "found.jsonl"),
        *("--set", "det_th=0.3"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    frames = records(tmp_path / "found.jsonl")
    assert len(frames) == FRAMES
    for name in NAMES:
        seen = [any(one["label"] == name for one in frame["detections"]) for frame in frames]
        assert sum(seen) > 0.75 * FRAMES, name


@pytest.mark.slow
@pytest.mark.model
def test_the_demo_shows_shapes_where_nothing_can_be_fetched(tmp_path: Path) -> None:
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
    names = ("SPLITDET_CACHE", "PIP_CACHE_DIR", "npm_config_cache")
    caches = dict.fromkeys(names, str(tmp_path / "cache"))
    done = call("demo", folder=tmp_path, no_proxy="", NO_PROXY="", PIP_RETRIES="0", **proxies, **caches)
    assert done.returncode == 0, done.stderr
    assert "cannot be fetched" in done.stdout
    assert "so here is the detector of drawn shapes that comes with splitdet" in done.stdout
    assert "annotated video" in done.stdout
    assert len(list((tmp_path / "media").glob("shapes.avi"))) == 1
