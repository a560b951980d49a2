"""Smaller pictures, with their boxes."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

import cv2
import numpy as np
import pytest

from datasets import BOXES, encoded, pixels, record
from splitdet.data.records import Box, ImageBytes, Record
from splitdet.data.shrink import Shrink

FULL_HD = (1920, 1080)


def large(suffix: str = ".jpg", boxes: Tuple[Box, ...] = (Box("cat", 100, 200, 500, 900),)) -> Record:
    image = ImageBytes(encoded(pixels(0, *FULL_HD), suffix))
    return Record("a" + suffix, image, *FULL_HD, boxes)


def decoded(one: Record) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(one.image.read(), np.uint8), cv2.IMREAD_COLOR)


def iou(one: Box, other: Box) -> float:
    across = min(one.xmax, other.xmax) - max(one.xmin, other.xmin)
    down = min(one.ymax, other.ymax) - max(one.ymin, other.ymin)
    shared = max(across, 0) * max(down, 0)
    return shared / (one.width_px * one.height_px + other.width_px * other.height_px - shared)


@pytest.mark.parametrize(
    ("shrink", "size"),
    [
        (Shrink(longest_px=640), (640, 360)),
        (Shrink(size_px=(300, 300)), (300, 300)),
        (Shrink(longest_px=333), (333, 187)),
        (Shrink(size_px=(4000, 540)), (1920, 540)),
    ],
)
def test_pictures_and_boxes_shrink_together(shrink: Shrink, size: Tuple[int, int]) -> None:
    one = shrink(large())
    assert (one.width_px, one.height_px) == size
    assert decoded(one).shape == (size[1], size[0], 3)
    back = one.boxes[0].scaled(1920 / size[0], 1080 / size[1])
    assert iou(back, large().boxes[0]) > 0.9999


def test_what_a_box_is_around_stays_in_it() -> None:
    picture = np.zeros((1080, 1920, 3), np.uint8)
    picture[200:900, 100:500] = 255
    one = replace(large(".png"), image=ImageBytes(encoded(picture, ".png")))
    small = Shrink(size_px=(300, 300))(one)
    (box,) = small.boxes
    rows, columns = np.nonzero(decoded(small)[..., 0] > 127)
    found = Box("cat", columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    np.testing.assert_allclose(found.edges, box.edges, atol=0.51)


@pytest.mark.parametrize(
    "shrink", [Shrink(longest_px=1920), Shrink(size_px=(1920, 1080)), Shrink(longest_px=9999)]
)
def test_what_is_small_enough_stays_as_it_is_to_the_byte(shrink: Shrink) -> None:
    assert shrink(large()) == large()


@pytest.mark.parametrize(("suffix", "magic"), [(".jpg", b"\xff\xd8"), (".png", b"\x89PNG")])
def test_the_format_stays(suffix: str, magic: bytes) -> None:
    assert Shrink(longest_px=100)(large(suffix)).image.read().startswith(magic)


def test_no_side_vanishes() -> None:
    one = record(0, BOXES)
    strip = replace(one, image=ImageBytes(encoded(pixels(0, 600, 2))), width_px=600, height_px=2)
    assert (Shrink(longest_px=100)(strip).width_px, Shrink(longest_px=100)(strip).height_px) == (100, 1)
