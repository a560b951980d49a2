"""DeepLab: pictures brought to its size, classes for pixels, boxes around regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reference import PlainSession, resized_for_segmenter
from segmenter_graphs import write_segmenter
from splitdet.detector import Detector
from splitdet.graph.load import load_graph
from splitdet.models import identify
from splitdet.types import Segmentation


def noise(height: int, width: int) -> np.ndarray:
    """A picture with something in it."""
    small = np.random.RandomState(0).randint(0, 256, (height // 8, width // 8, 3)).astype(np.uint8)
    return np.repeat(np.repeat(small, 8, 0), 8, 1)


@pytest.mark.parametrize("side_px", [33, 65])
@pytest.mark.parametrize(("height", "width"), [(120, 200), (200, 120), (24, 16)])
def test_pixels_equal_those_of_a_plain_session(
    side_px: int, height: int, width: int, tmp_path: Path
) -> None:
    graph = write_segmenter(tmp_path / "graph.pb", side_px)
    image = noise(height, width)
    (pixels,) = PlainSession(graph, ["SemanticPredictions:0"], "ImageTensor:0").run(
        resized_for_segmenter(image, side_px)
    )
    with Detector(graph) as detector:
        found = detector.detect(image)
    assert isinstance(found, Segmentation)
    assert len(np.unique(pixels)) > 1
    assert max(pixels.shape) == side_px
    np.testing.assert_array_equal(found.pixels, pixels[0])


def test_side_and_classes_are_read_from_the_graph(tmp_path: Path) -> None:
    model = identify(load_graph(write_segmenter(tmp_path / "graph.pb", side_px=97, classes=7)))
    assert model.input_size_px == (97, 97)
    assert model.classes == 6  # and the background


def test_the_result_is_found_under_another_name(tmp_path: Path) -> None:
    graph = write_segmenter(tmp_path / "graph.pb", name="pixel_classes")
    model = identify(load_graph(graph))
    assert model.type_name == "deeplab_v3"
    assert model.parts.results[0].tensor == "pixel_classes:0"


def test_regions_are_boxed_largest_first_and_small_ones_not() -> None:
    pixels = np.zeros((10, 20), np.int64)
    pixels[0:4, 0:5] = 3  # 20 pixels
    pixels[5:10, 10:20] = 7  # 50
    pixels[0, 19] = 3  # 1
    found = Segmentation.of_pixels(pixels, region_area_px=2)
    assert found.classes.tolist() == [7, 3]
    np.testing.assert_allclose(found.boxes, [[0.5, 0.5, 1, 1], [0, 0, 0.4, 0.25]], atol=1e-6)
    assert found.scores.tolist() == [1, 1]


def test_pixels_that_touch_at_a_corner_are_one_region() -> None:
    assert len(Segmentation.of_pixels(np.eye(4, dtype=np.int64), region_area_px=1)) == 1


def test_a_picture_of_background_has_no_region() -> None:
    found = Segmentation.of_pixels(np.zeros((5, 5), np.int64), region_area_px=1)
    assert len(found) == 0
    assert found.shares() == {0: 1.0}


def test_shares_add_up_and_begin_with_the_largest() -> None:
    pixels = np.array([[0, 0, 0, 0], [2, 2, 2, 1]])
    assert Segmentation.of_pixels(pixels, 1).shares() == {0: 0.5, 2: 0.375, 1: 0.125}


def test_the_selection_keeps_the_pixels() -> None:
    pixels = np.array([[1, 0, 2]])
    kept = Segmentation.of_pixels(pixels, 1).top(0.5, 1)
    assert len(kept) == 1
    np.testing.assert_array_equal(kept.pixels, pixels)
