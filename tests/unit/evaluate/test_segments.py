"""Mean intersection over union, and the pictures that it is measured on."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np
import pytest

from damage import huge
from datasets import encoded
from labelled import true
from splitdet.compat import tensorflow
from splitdet.errors import DataError
from splitdet.evaluate.segments import VOID, SegmentScores, true_pixels
from splitdet.evaluate.truth import LabelledImage, TrueObject

Pairs = List[Tuple[np.ndarray, np.ndarray]]


def by_tensorflow(pairs: Pairs, classes: int) -> float:
    """`tf.metrics.mean_iou`, void left out by its weight."""
    tf = tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        true_ids, found_ids = tf.placeholder(tf.int64, [None]), tf.placeholder(tf.int64, [None])
        mean, update = tf.metrics.mean_iou(true_ids, found_ids, classes)
        with tf.Session(graph=graph, config=tf.ConfigProto(device_count={"GPU": 0})) as session:
            session.run(tf.local_variables_initializer())
            for one, other in pairs:
                counts = one != VOID
                session.run(update, {true_ids: one[counts], found_ids: other[counts]})
            return float(session.run(mean))


def random_pairs(seed: int) -> Pairs:
    random = np.random.RandomState(seed)
    pairs = []
    for _ in range(3):
        one = cv2.resize(random.randint(0, 4, (5, 7)).astype(np.uint8), (35, 25))
        noise = random.uniform(size=one.shape)
        other = np.where(noise < 0.7, one, random.randint(0, 6, one.shape)).astype(np.uint8)
        one[random.uniform(size=one.shape) < 0.1] = VOID
        pairs.append((one, other))
    return pairs


@pytest.mark.parametrize("seed", range(3))
def test_the_mean_is_that_of_tensorflow(seed: int) -> None:
    pairs = random_pairs(seed)
    scores = SegmentScores()
    for one, other in pairs:
        scores.add(one, other)
    # TensorFlow keeps its counts as float64, and its mean as float32
    assert scores.mean_iou == pytest.approx(by_tensorflow(pairs, 8), abs=1e-6)


def test_known_answers() -> None:
    scores = SegmentScores()
    scores.add(np.array([[0, 0, 1, 1, VOID]], np.uint8), np.array([[0, 1, 1, 1, 2]], np.uint8))
    assert scores.by_class() == {0: 0.5, 1: pytest.approx(2 / 3)}
    assert scores.mean_iou == pytest.approx(7 / 12)
    assert scores.pixel_accuracy == 0.75


def test_what_was_found_is_brought_to_the_size_of_the_truth() -> None:
    scores = SegmentScores()
    scores.add(np.repeat([[0, 3]], 4, 0).repeat(4, 1).astype(np.uint8), np.array([[0, 3]], np.uint8))
    assert scores.mean_iou == 1


def test_without_a_pixel_that_counts_there_is_no_figure() -> None:
    scores = SegmentScores()
    scores.add(np.full((2, 2), VOID, np.uint8), np.zeros((2, 2), np.uint8))
    assert (scores.mean_iou, scores.pixel_accuracy) == (None, None)


def painted(*objects: TrueObject) -> np.ndarray:
    pytest.importorskip("pycocotools")
    image = LabelledImage(1, Path("1.png"), 10, 6, objects)
    return true_pixels(image, {1: 15, 2: 7}, 6, 10)


def square(class_id: int, left: int, top: int, side: int, **flags: bool) -> TrueObject:
    right, bottom = left + side, top + side
    corners = [[left, top, right, top, right, bottom, left, bottom]]
    return TrueObject(class_id, (left, top, side, side), side * side, segment=corners, **flags)


def test_segments_are_painted_with_the_ids_of_the_model() -> None:
    pixels = painted(square(1, 1, 1, 2), square(2, 5, 1, 4))
    assert (pixels == 15).sum() == 4
    assert (pixels == 7).sum() == 16
    assert (pixels[1:3, 1:3] == 15).all()


def test_the_smaller_of_two_segments_lies_above() -> None:
    for objects in ([square(1, 0, 0, 2), square(2, 0, 0, 6)], [square(2, 0, 0, 6), square(1, 0, 0, 2)]):
        assert (painted(*objects)[:2, :2] == 15).all()


def test_crowds_do_not_count_and_unknown_classes_are_background() -> None:
    pixels = painted(square(1, 0, 0, 3, crowd=True), square(9, 5, 0, 3), true(1, 0, 4, 2, 2))
    assert set(np.unique(pixels)) == {0, VOID}
    assert (pixels == VOID).sum() == 9


def test_run_lengths_are_painted_too() -> None:
    runs = {"size": [6, 10], "counts": [0, 6, 54]}  # the first column
    for segment in (runs, _compressed(runs)):
        one = TrueObject(1, (0, 0, 1, 6), 6, segment=segment)
        assert painted(one)[:, 0].tolist() == [15] * 6


def _compressed(runs: dict) -> dict:
    coco_mask = pytest.importorskip("pycocotools.mask")
    return dict(coco_mask.frPyObjects(runs, *runs["size"]))


def test_numbers_of_a_palette_are_read_as_numbers(tmp_path: Path) -> None:
    picture = pytest.importorskip("PIL.Image").new("P", (4, 3))
    picture.putpalette([value for index in range(256) for value in (index, 255 - index, 77)])
    picture.putdata([0, 1, 2, 255] * 3)
    picture.save(str(tmp_path / "1.png"))
    image = LabelledImage(1, Path("1.jpg"), 4, 3, pixels=tmp_path / "1.png")
    assert true_pixels(image, {}, 3, 4).tolist() == [[0, 1, 2, 255]] * 3


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((3, 4, 3), np.uint8), "expects one number a pixel"),
        (np.zeros((3, 5), np.uint8), "is 5x3, but its picture 4x3"),
        (None, r"1\.png: file that is no picture: begins with 'no picture'"),
    ],
)
def test_a_picture_of_ids_that_is_none_is_refused(
    pixels: np.ndarray, message: str, tmp_path: Path
) -> None:
    pytest.importorskip("PIL")
    file = tmp_path / "1.png"
    file.write_bytes(b"no picture" if pixels is None else cv2.imencode(".png", pixels)[1].tobytes())
    with pytest.raises(DataError, match=message):
        true_pixels(LabelledImage(1, Path("1.jpg"), 4, 3, pixels=file), {}, 3, 4)


def test_a_damaged_picture_of_ids_is_refused(tmp_path: Path) -> None:
    data = encoded(np.random.RandomState(0).randint(0, 9, (300, 400)).astype(np.uint8), ".png")
    before, name, behind = data.rpartition(b"IDAT")
    assert name in before  # the first pixels come before the damage
    (tmp_path / "1.png").write_bytes(before + b"\x00" + name[1:] + behind)
    image = LabelledImage(1, Path("1.jpg"), 400, 300, pixels=tmp_path / "1.png")
    with pytest.raises(DataError, match=r"1\.png: picture that is cut off: "):
        true_pixels(image, {}, 300, 400)


def test_a_picture_of_ids_that_is_too_large_to_open_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(huge(b""))
    image = LabelledImage(1, Path("1.jpg"), 4, 3, pixels=tmp_path / "1.png")
    with pytest.raises(DataError, match=r"1\.png: picture that is too large to open: 3600000000 pixels"):
        true_pixels(image, {}, 3, 4)
