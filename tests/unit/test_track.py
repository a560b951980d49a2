"""The same number for the same thing, on things that are drawn and found by their colour."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np
import pytest

from coloured import RATE, ColourDetector, Thing, ThingSource, walking
from splitdet.assemble import assemble
from splitdet.config import make_config
from splitdet.errors import ConfigError
from splitdet.track import Tracker, Trackers
from splitdet.types import Batch, Detections, Frame

RED, BLUE = 1, 2
needs_tracker = pytest.mark.skipif(sys.version_info < (3, 8), reason="there is none for Python 3.7")


def numbers(things: Sequence[Thing], frames: int, **config: Any) -> Dict[int, List[int]]:
    """The numbers that each thing had, in the order of the frames in which it was seen."""
    pytest.importorskip("edgefirst.tracker")
    detector = ColourDetector(make_config(track=True, **config))
    found: Dict[int, List[int]] = {}
    with assemble(ThingSource(things, frames), detector) as pipeline:
        for batch in pipeline:
            for result in batch.results:
                assert result.tracks is not None
                for class_id, track in zip(result.classes.tolist(), result.tracks.tolist()):
                    found.setdefault(class_id, []).append(track)
    return found


@needs_tracker
@pytest.mark.parametrize("frames", [25, 50, 100])
@pytest.mark.parametrize(
    ("sizes", "rows"),
    [
        pytest.param(((0.4, 0.12), (0.4, 0.12)), (0.45, 0.6), id="one further away"),
        pytest.param(((0.6, 0.15), (0.3, 0.1)), (0.5, 0.6), id="one behind the other's feet"),
        pytest.param(((0.5, 0.1), (0.3, 0.2)), (0.5, 0.6), id="a narrow one and a broad one"),
    ],
)
def test_two_things_that_cross_keep_their_numbers(
    frames: int, sizes: Tuple[Tuple[float, float], ...], rows: Tuple[float, float]
) -> None:
    red = Thing(RED, sizes[0], walking(0.1, 0.9, rows[0], frames))
    blue = Thing(BLUE, sizes[1], walking(0.9, 0.1, rows[1], frames))
    found = numbers([red, blue], frames, accelerator_feeders=3)
    assert len(found[RED]) == len(found[BLUE]) == frames
    assert (set(found[RED]), set(found[BLUE])) in [({1}, {2}), ({2}, {1})]


@needs_tracker
@pytest.mark.parametrize("frames", [25, 50, 100])
def test_a_thing_that_hides_another_does_not_take_its_number(frames: int) -> None:
    red = Thing(RED, (0.3, 0.1), walking(0.1, 0.9, 0.6, frames))
    blue = Thing(BLUE, (0.6, 0.15), walking(0.9, 0.1, 0.5, frames))
    found = numbers([red, blue], frames)
    assert 0.9 * frames < len(found[RED]) < frames  # hidden for a moment
    assert len(set(found[BLUE])) == 1
    assert set(found[RED]).isdisjoint(found[BLUE])


@needs_tracker
def test_two_things_that_meet_and_turn_back_keep_their_numbers() -> None:
    def red(index: int) -> Tuple[float, float]:
        return 0.42 - 0.01 * abs(30 - index), 0.5

    def blue(index: int) -> Tuple[float, float]:
        return 0.58 + 0.01 * abs(30 - index), 0.5

    found = numbers([Thing(RED, (0.5, 0.14), red), Thing(BLUE, (0.5, 0.14), blue)], 60)
    assert (set(found[RED]), set(found[BLUE])) in [({1}, {2}), ({2}, {1})]


def away(from_s: float, to_s: float) -> Thing:
    """A thing that stands still, and is away for a time."""

    def where(index: int) -> Optional[Tuple[float, float]]:
        return None if from_s <= index / RATE < to_s else (0.5, 0.5)

    return Thing(RED, (0.4, 0.2), where)


@needs_tracker
@pytest.mark.parametrize(("away_s", "tracks"), [(0.5, {1}), (1.5, {1, 2})])
def test_a_number_is_kept_for_as_long_as_the_configuration_says(away_s: float, tracks: Set[int]) -> None:
    assert set(numbers([away(1, 1 + away_s)], 100, track_memory_s=1.0)[RED]) == tracks
    assert set(numbers([away(1, 1 + away_s)], 100, track_memory_s=2.0)[RED]) == {1}


@needs_tracker
def test_a_thing_whose_class_flickers_keeps_its_number() -> None:
    red = Thing(RED, (0.4, 0.2), lambda index: (0.5, 0.5) if index % 3 else None)
    blue = Thing(BLUE, (0.4, 0.2), lambda index: None if index % 3 else (0.5, 0.5))
    assert numbers([red, blue], 30) == {RED: [1] * 20, BLUE: [1] * 10}


@needs_tracker
@pytest.mark.parametrize("batch_size", [1, 8])
def test_numbers_count_from_one_for_every_source(batch_size: int) -> None:
    for _ in range(2):
        assert set(numbers([away(9, 9)], 20, batch_size=batch_size)[RED]) == {1}


def crowd(count: int, random: np.random.RandomState) -> Detections:
    """Boxes anywhere."""
    corners = random.uniform(0, 0.8, (count, 2))
    boxes = np.hstack([corners, corners + random.uniform(0.02, 0.2, (count, 2))])
    scores = np.sort(random.uniform(0, 1, count))[::-1]
    classes = random.randint(1, 91, count)
    return Detections(boxes.astype(np.float32), scores.astype(np.float32), classes.astype(np.int64))


def frame(index: int) -> Frame:
    """A frame of a camera."""
    return Frame(np.zeros((2, 2, 3), np.uint8), index, "camera", index / RATE, 0.0)


@needs_tracker
def test_every_detection_has_a_number_and_no_two_of_a_frame_share_one() -> None:
    pytest.importorskip("edgefirst.tracker")
    tracker, random = Tracker(1.0), np.random.RandomState(0)
    for index in range(200):
        found = crowd(random.randint(0, 30), random)
        tracked = tracker.number(frame(index), found)
        assert tracked.tracks is not None
        assert tracked.tracks.dtype == np.int64
        assert len(set(tracked.tracks.tolist()) - {0}) == len(found)
        assert tracked.boxes is found.boxes


@needs_tracker
def test_memory_stays_flat_however_many_things_come_by() -> None:
    pytest.importorskip("edgefirst.tracker")
    tracker, random = Tracker(0.5), np.random.RandomState(0)
    tracker.number(frame(0), crowd(5, random))
    tracemalloc.start()
    for index in range(1, 1500):
        highest = tracker.number(frame(index), crowd(5, random)).tracks
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert highest is not None
    assert highest.max() > 2000
    assert held < 60_000


@needs_tracker
def test_a_thing_that_is_gone_for_many_pictures_of_a_folder_is_forgotten() -> None:
    pytest.importorskip("edgefirst.tracker")
    tracker, thing = Tracker(memory_s=1.0), crowd(1, np.random.RandomState(0))
    seen = [thing] * 5 + [Detections.none()] * 50 + [thing]
    tracks = [tracker.number(replace(frame(0), index=i), found).tracks for i, found in enumerate(seen)]
    assert [numbers.tolist() for numbers in (tracks[4], tracks[-1]) if numbers is not None] == [[1], [2]]


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "edgefirst.tracker", None)
    expected = r"pip install 'splitdet\[track\]'" if sys.version_info >= (3, 8) else "Python 3.8"
    with pytest.raises(ConfigError, match=expected):
        assemble(ThingSource([], 1), ColourDetector(make_config(track=True)))


@needs_tracker
def test_each_of_several_inputs_has_tracks_of_its_own() -> None:
    pytest.importorskip("edgefirst.tracker")
    trackers, alone, random = Trackers(1.0), Tracker(1.0), np.random.RandomState(0)
    steady = crowd(3, random)
    for index in range(20):
        others = crowd(4, random)
        batch = Batch([frame(index), replace(frame(index), stream=1)], results=[steady, others])
        trackers(batch)
        first, second = (found.tracks for found in batch.results)
        np.testing.assert_array_equal(first, alone.number(frame(index), steady).tracks)
        assert second is not None
        assert second.min() >= 1
    assert first is not None
    assert sorted(first.tolist()) == [1, 2, 3]
