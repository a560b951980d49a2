"""Colours of classes."""

from __future__ import annotations

import numpy as np
import pytest

from splitdet.visualize.palette import Colour, colour


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, BGR, as WCAG 2.1 defines it: from 1 to 21."""
    parts = np.array([one, other])[:, ::-1] / 255
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return float((light + 0.05) / (dark + 0.05))


def test_the_measure_of_contrast_is_right_where_it_is_known() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255)], ids=["dark", "light"])
def test_every_colour_can_be_read_on(ground: Colour) -> None:
    assert min(contrast(colour(class_id), ground) for class_id in range(256)) >= 4.5


def test_the_ninety_ids_of_coco_have_ninety_colours() -> None:
    assert len({colour(class_id) for class_id in range(1, 91)}) == 90


@pytest.mark.parametrize("class_id", [0, 1, 2, 17, 90])
def test_neighbouring_ids_have_colours_far_apart(class_id: int) -> None:
    one, other = np.array(colour(class_id)), np.array(colour(class_id + 1))
    assert np.abs(one - other).max() > 60


def test_the_six_hundred_ids_of_open_images_have_colours_too() -> None:
    assert len({colour(class_id) for class_id in range(602)}) > 500
