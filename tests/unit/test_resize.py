"""Pictures at the size of the network's input, against TensorFlow's own operation."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterator, List, Tuple

import cv2
import numpy as np
import pytest

from splitdet.compat import tensorflow
from splitdet.resize import resize_batch, resize_bilinear

Size = Tuple[int, int]
Resize = Callable[[np.ndarray, Size], np.ndarray]

USUAL = "720x1280 300x300, 576x768 300x300, 1080x1920 300x300, 720x1280 640x640, 480x640 320x320"
EDGES = (
    "1x1 1x1, 1x1 7x5, 5x7 1x1, 1x9 3x3, 9x1 3x3, 1x4 1x2, 4x1 2x1, 2x2 300x300, "
    "300x300 300x300, 300x200 300x300, 200x300 300x300, 600x600 300x300, 900x600 300x300, "
    "150x100 300x300, 301x299 300x300, 299x301 300x300, 4000x3 7x300, 3x4000 300x7, "
    "97x89 83x101, 33x49 65x97"
)
"""Heights and widths of a picture, and what it is brought to."""


def _sizes(text: str) -> List[Tuple[Size, Size]]:
    return _pairs([[int(number) for number in re.findall(r"\d+", pair)] for pair in text.split(", ")])


def _random_sizes(count: int) -> List[Tuple[Size, Size]]:
    return _pairs(np.random.RandomState(7).randint(1, 500, (count, 4)).tolist())


def _pairs(numbers: List[List[int]]) -> List[Tuple[Size, Size]]:
    return [((height, width), (rows, columns)) for height, width, rows, columns in numbers]


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Noise, uint8 (H, W, 3): every wrong neighbour and every wrong share shows."""
    return np.random.RandomState(seed).randint(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def golden() -> Iterator[Resize]:
    """TensorFlow's operation on the float32 RGB picture, as Object Detection API graphs run it."""
    tf = tensorflow()
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(device_count={"GPU": 0})) as session:
        image = tf.placeholder(tf.uint8, (None, None, None, 3))
        size = tf.placeholder(tf.int32, (2,))
        resized = tf.image.resize_bilinear(tf.cast(image, tf.float32), size)

        def resize(bgr: np.ndarray, wanted: Size) -> np.ndarray:
            rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
            return np.asarray(session.run(resized, {image: rgb[np.newaxis], size: wanted})[0])

        yield resize


@pytest.mark.parametrize(("shape", "size"), _sizes(USUAL) + _sizes(EDGES) + _random_sizes(50))
def test_a_resized_picture_has_the_bits_of_tensorflow(golden: Resize, shape: Size, size: Size) -> None:
    image = picture(*shape)
    found, expected = resize_bilinear(image, size), golden(image, size)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize("value", [0, 255])
def test_an_even_picture_stays_even(value: int) -> None:
    image = np.full((123, 77, 3), value, np.uint8)
    np.testing.assert_array_equal(resize_bilinear(image, (300, 301)), np.float32(value))


@pytest.mark.parametrize("size", [(4, 4), (2, 2), (7, 9)])
def test_channels_come_as_red_green_blue(size: Size) -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    image[:] = (10, 20, 30)
    np.testing.assert_array_equal(resize_bilinear(image, size)[0, 0], [30, 20, 10])


def test_a_cut_out_of_a_picture_is_resized_like_its_copy() -> None:
    part = picture(90, 120)[5:77:2, 11:99]
    expected = resize_bilinear(part.copy(), (30, 40))
    np.testing.assert_array_equal(resize_bilinear(part, (30, 40)), expected)


def test_a_mirrored_picture_is_resized_like_its_copy() -> None:
    mirrored = picture(90, 120)[:, ::-1]
    expected = resize_bilinear(mirrored.copy(), (30, 40))
    np.testing.assert_array_equal(resize_bilinear(mirrored, (30, 40)), expected)


def test_a_read_only_picture_is_left_as_it_was() -> None:
    image = picture(72, 128)
    before = image.copy()
    image.flags.writeable = False
    resize_bilinear(image, (30, 30))
    np.testing.assert_array_equal(image, before)


def test_the_result_is_written_where_the_caller_wishes() -> None:
    image, out = picture(72, 128), np.full((30, 40, 3), np.nan, np.float32)
    assert resize_bilinear(image, (30, 40), out) is out
    np.testing.assert_array_equal(out, resize_bilinear(image, (30, 40)))


def test_a_result_does_not_change_with_the_next_call() -> None:
    first = resize_bilinear(picture(72, 128), (30, 40))
    kept = first.copy()
    resize_bilinear(picture(72, 128, seed=1), (30, 40))
    np.testing.assert_array_equal(first, kept)


def test_threads_do_not_disturb_each_other() -> None:
    images = [picture(180 + 9 * (seed % 3), 320, seed) for seed in range(24)]
    expected = [resize_bilinear(image, (100, 100)) for image in images]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda image: resize_bilinear(image, (100, 100)), images))
    np.testing.assert_array_equal(found, expected)


def test_a_batch_holds_each_picture_as_it_is_alone() -> None:
    images = [picture(72, 128), picture(50, 60, seed=1), picture(30, 40, seed=2)]
    batch = resize_batch(images, (30, 40))
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, [resize_bilinear(image, (30, 40)) for image in images])


@pytest.mark.parametrize(
    "out",
    [
        np.empty((30, 41, 3), np.float32),
        np.empty((30, 40, 3), np.float64),
        np.empty((40, 30, 3), np.float32).transpose(1, 0, 2),
    ],
    ids=["shape", "type", "order"],
)
def test_a_place_that_does_not_fit_is_refused(out: np.ndarray) -> None:
    with pytest.raises(ValueError, match="out must be"):
        resize_bilinear(picture(72, 128), (30, 40), out)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="an image must be"):
        resize_bilinear(image, (2, 2))


def test_an_empty_size_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 x 1"):
        resize_bilinear(picture(4, 4), (0, 2))
