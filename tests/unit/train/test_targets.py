"""Anchors and targets, by the default model's own constants and by TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splitdet.graph.graph import attribute
from splitdet.graph.load import load_graph
from splitdet.graph.tensors import to_array
from splitdet.train.anchors import make_anchors
from splitdet.train.architecture import Architecture
from splitdet.train.targets import assign, decode, encode


@pytest.mark.model
def test_anchors_are_those_of_the_default_model(default_model: Path) -> None:
    node = load_graph(default_model).nodes["Postprocessor/ExpandDims"]
    of_graph = to_array(attribute(node, "value").tensor)
    assert of_graph is not None
    np.testing.assert_allclose(make_anchors(Architecture(90).map_sides), of_graph[0], atol=2e-7)


def test_what_is_encoded_is_decoded() -> None:
    anchors = make_anchors([4, 2])
    random = np.random.RandomState(0)
    corners = random.uniform(0, 0.5, (len(anchors), 2))
    boxes = np.hstack([corners, corners + random.uniform(0.1, 0.5, corners.shape)])
    decoded = decode(np, encode(boxes, anchors)[None], anchors)[0]
    np.testing.assert_allclose(decoded, boxes, atol=1e-5)


def test_an_anchor_that_overlaps_by_half_is_responsible() -> None:
    anchors = np.array([[0, 0, 1, 1], [0, 0, 0.5, 1], [0, 0, 0.49, 1]], np.float32)
    _, wanted = assign(anchors, np.array([[0, 0, 1, 1]], np.float32), np.array([2]))
    assert wanted.tolist() == [2, 2, 0]


def test_an_object_that_fits_no_anchor_gets_its_best_one() -> None:
    anchors = np.array([[0, 0, 1, 1], [0.5, 0.5, 1, 1]], np.float32)
    box = np.array([[0.7, 0.7, 0.8, 0.8]], np.float32)
    codes, wanted = assign(anchors, box, np.array([3]))
    assert wanted.tolist() == [0, 3]
    np.testing.assert_allclose(decode(np, codes[None], anchors)[0, 1], box[0], atol=1e-6)


def test_a_picture_without_objects_is_all_background() -> None:
    _, wanted = assign(make_anchors([4, 2]), np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    assert not wanted.any()
