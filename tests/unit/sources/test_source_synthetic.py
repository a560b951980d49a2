"""Moving boxes whose places are known."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import pytest

from splitdet.sources.synthetic import SyntheticSource
from splitdet.types import Frame


def _frames(source: SyntheticSource) -> List[Frame]:
    return list(iter(source.read, None))


def _ground(frame: Frame) -> np.ndarray:
    """The colour that most pixels have; a box covers at most nine hundredths."""
    colours, counts = np.unique(frame.image.reshape(-1, 3), axis=0, return_counts=True)
    return np.asarray(colours[counts.argmax()])


def test_it_gives_as_many_frames_as_asked_for() -> None:
    assert [frame.index for frame in _frames(SyntheticSource(7))] == list(range(7))


@pytest.mark.parametrize("size_px", [(480, 640), (33, 47)])
def test_frames_have_the_size_asked_for(size_px: Tuple[int, int]) -> None:
    source = SyntheticSource(1, size_px)
    (frame,) = _frames(source)
    assert (frame.height, frame.width) == source.size_px == size_px


def test_the_same_seed_gives_the_same_frames() -> None:
    one, other = _frames(SyntheticSource(3, seed=5)), _frames(SyntheticSource(3, seed=5))
    np.testing.assert_array_equal([f.image for f in one], [f.image for f in other])


def test_another_seed_gives_other_frames() -> None:
    one, other = _frames(SyntheticSource(1, seed=5)), _frames(SyntheticSource(1, seed=6))
    assert (one[0].image != other[0].image).any()


def test_boxes_move_from_frame_to_frame() -> None:
    one, other = _frames(SyntheticSource(2))
    assert (one.image != other.image).any()


@pytest.mark.parametrize("index", [0, 1, 100, 10**6])
@pytest.mark.parametrize("seed", range(5))
def test_boxes_stay_inside_the_picture(seed: int, index: int) -> None:
    boxes = SyntheticSource(1, seed=seed, box_count=8).truth(index).boxes
    assert boxes.min() >= 0
    assert boxes.max() <= 1
    assert (boxes[:, 2:] > boxes[:, :2]).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_single_box_is_exactly_where_the_truth_says(seed: int) -> None:
    source = SyntheticSource(20, (97, 131), seed=seed, box_count=1)
    for frame in _frames(source):
        rows, columns = np.nonzero((frame.image != _ground(frame)).any(axis=2))
        edges = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        found = source.truth(frame.index).boxes[0] * [97, 131, 97, 131]
        np.testing.assert_allclose(found, edges, atol=1e-3)


def test_truth_counts_class_ids_from_one_with_full_scores() -> None:
    truth = SyntheticSource(1, box_count=3).truth(0)
    assert (truth.classes.tolist(), truth.scores.tolist()) == ([1, 2, 3], [1.0, 1.0, 1.0])


def test_times_follow_the_rate() -> None:
    times = [frame.time_s for frame in _frames(SyntheticSource(3, rate=4.0))]
    assert times == [0.0, 0.25, 0.5]


def test_it_says_what_it_is() -> None:
    source = SyntheticSource(3, rate=4.0)
    assert (source.name, source.frame_count, source.frame_rate, source.live) == (
        *("synthetic:3", 3, 4.0),
        False,
    )


def test_a_closed_live_source_does_not_wait_for_its_time() -> None:
    source = SyntheticSource(2, rate=1e-6, live=True)
    source.close()
    assert len(_frames(source)) == 2
