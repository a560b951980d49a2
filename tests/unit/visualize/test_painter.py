"""Frames as they are shown and saved."""

from __future__ import annotations

import pickle

import numpy as np

from results import FOUND, PICTURE
from splitdet.labels import Labels
from splitdet.types import Detections
from splitdet.visualize.draw import draw_found
from splitdet.visualize.painter import Painter, fps_notes

ROI = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
LABELS = Labels({1: "person"})


def test_the_frame_itself_is_never_drawn_on() -> None:
    image = PICTURE.copy()
    image.flags.writeable = False
    picture = Painter(LABELS, ROI).paint(image, FOUND, ["note"])
    assert (picture != image).any()
    np.testing.assert_array_equal(image, PICTURE)


def test_without_a_roi_or_notes_only_what_was_found_is_drawn() -> None:
    expected = PICTURE.copy()
    draw_found(expected, FOUND, LABELS)
    np.testing.assert_array_equal(Painter(LABELS).paint(PICTURE, FOUND), expected)


def test_the_roi_is_drawn_below_what_was_found() -> None:
    with_roi = Painter(LABELS, ROI).paint(PICTURE, Detections.none())
    assert (with_roi != PICTURE).any()
    expected = with_roi.copy()
    draw_found(expected, FOUND, LABELS)
    np.testing.assert_array_equal(Painter(LABELS, ROI).paint(PICTURE, FOUND), expected)


def test_another_process_paints_the_same() -> None:
    painter = Painter(LABELS, ROI)
    copy = pickle.loads(pickle.dumps(painter))
    np.testing.assert_array_equal(copy.paint(PICTURE, FOUND), painter.paint(PICTURE, FOUND))


def test_rates_are_written_with_one_decimal() -> None:
    assert fps_notes(25.04, wanted=True) == ["FPS 25.0"]
    assert fps_notes(25.04, wanted=False) == []
