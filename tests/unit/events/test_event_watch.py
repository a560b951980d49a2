"""When something counts as an event."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import pytest

from results import frame
from splitdet.config.events import Rule
from splitdet.errors import ConfigError
from splitdet.events.watch import Event, Watcher
from splitdet.labels import Labels
from splitdet.types import Detections, Segmentation

LABELS = Labels({1: "person", 2: "car"})
PERSON, CAR = 1, 2
RATE = 10.0
Seen = Sequence[Tuple[int, float, int]]
"""Class, place of the feet from left to right (0..1), and track."""


def found(seen: Seen, tracked: bool = True) -> Detections:
    """Small boxes whose feet stand in the middle of the frame's height."""
    boxes = [[0.3, x - 0.05, 0.5, x + 0.05] for _, x, _ in seen]
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(seen), 0.9, np.float32),
        np.array([class_id for class_id, _, _ in seen], np.int64),
        tracks=np.array([track for _, _, track in seen], np.int64) if tracked else None,
    )


def events_of(
    frames: Sequence[Seen], tracked: bool = True, rate: float = RATE, **rule: Any
) -> List[Event]:
    """What one rule makes of frames."""
    watcher = Watcher([Rule(**{"name": "it", "cooldown_s": 0.0, **rule})], LABELS)
    return [
        event
        for index, seen in enumerate(frames)
        for event in watcher.look(frame(index, time_s=index / rate), found(seen, tracked))
    ]


def indices(events: Sequence[Event]) -> List[int]:
    """Frames of the events."""
    return [event.frame.index for event in events]


HERE: Seen = [(PERSON, 0.5, 1)]
GONE: Seen = []


@pytest.mark.parametrize("tracked", [True, False])
@pytest.mark.parametrize(("min_s", "first"), [(0, 3), (0.1, 4), (0.5, 8), (2.0, None)])
def test_an_event_needs_as_long_as_the_rule_says(
    tracked: bool, min_s: float, first: Optional[int]
) -> None:
    frames = [GONE] * 3 + [HERE] * 10
    found_at = indices(events_of(frames, tracked, min_s=min_s, cooldown_s=100))
    assert found_at == ([] if first is None else [first])


@pytest.mark.parametrize(("frames_away", "first"), [(5, 9), (6, 10), (7, 15)])
def test_what_is_out_of_sight_for_a_moment_does_not_start_again(frames_away: int, first: int) -> None:
    # 0.6 s after it was seen last it is waited for, in the frame after that no more
    frames = [HERE] * 4 + [GONE] * frames_away + [HERE] * 20
    assert indices(events_of(frames, min_s=0.4, gap_s=0.6, cooldown_s=100)) == [first]


def test_a_slow_camera_counts_from_frame_to_frame() -> None:
    found_at = indices(events_of([HERE] * 5, rate=0.5, min_s=6, gap_s=0.5, cooldown_s=100))
    assert found_at == [3]


@pytest.mark.parametrize(
    ("cooldown_s", "expected"), [(0, [0, 1, 2, 3, 4, 5, 6]), (0.3, [0, 3, 6]), (0.35, [0, 4]), (9, [0])]
)
def test_after_an_event_a_rule_is_silent_for_a_time(cooldown_s: float, expected: List[int]) -> None:
    assert indices(events_of([HERE] * 7, cooldown_s=cooldown_s)) == expected


@pytest.mark.parametrize(
    ("classes", "expected"), [((), [0, 1]), (("car",), [1]), ((2,), [1]), (("Person", "car"), [0, 1])]
)
def test_only_the_classes_of_a_rule_count(classes: Any, expected: List[int]) -> None:
    assert indices(events_of([[(PERSON, 0.5, 1)], [(CAR, 0.5, 2)], GONE], classes=classes)) == expected


@pytest.mark.parametrize(("x", "inside"), [(0.2, False), (0.5, True), (0.9, False)])
def test_what_stands_in_the_zone_counts(x: float, inside: bool) -> None:
    zone = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))
    assert len(events_of([[(PERSON, x, 1)]], zone=zone)) == inside


def test_feet_decide_not_heads() -> None:
    upper = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.45), (0.0, 0.45))  # the boxes reach from 0.3 to 0.5
    assert events_of([HERE], zone=upper) == []


WALKERS = [[(PERSON, 0.5, 1 + index // 6)] for index in range(18)]  # each is there for 0.6 s


def test_with_tracks_one_and_the_same_thing_must_stay() -> None:
    assert events_of(WALKERS, tracked=True, min_s=1.0) == []


def test_without_tracks_it_is_enough_that_there_is_always_one() -> None:
    assert indices(events_of(WALKERS, tracked=False, min_s=1.0))[0] == 10


def test_an_event_has_what_made_it_and_for_how_long() -> None:
    frames = [HERE] * 6 + [[(PERSON, 0.2, 2), (PERSON, 0.5, 1), (CAR, 0.8, 3)]]
    *_, event = events_of(frames, classes=("person",), min_s=0.5)
    assert event.name == "it"
    assert event.lasted_s == pytest.approx(0.6)
    assert event.found.tracks is not None
    assert event.found.tracks.tolist() == [1]
    assert event.found.boxes[0].tolist() == pytest.approx([0.3, 0.45, 0.5, 0.55])


def test_rules_know_nothing_of_each_other() -> None:
    rules = [Rule("people", ("person",), cooldown_s=0.2), Rule("cars", ("car",), cooldown_s=100)]
    watcher = Watcher(rules, LABELS)
    seen: Dict[str, List[int]] = {"people": [], "cars": []}
    for index in range(5):
        both = found([(PERSON, 0.2, 1), (CAR, 0.8, 2)])
        for event in watcher.look(frame(index, time_s=index / RATE), both):
            seen[event.name].append(index)
    assert seen == {"people": [0, 2, 4], "cars": [0]}


def test_a_segmented_region_counts_like_a_box() -> None:
    pixels = np.zeros((10, 10), np.uint8)
    pixels[2:5, 2:5] = PERSON
    watcher = Watcher([Rule("it", ("person",))], LABELS)
    (event,) = watcher.look(frame(), Segmentation.of_pixels(pixels, 1))
    assert type(event.found) is Detections
    assert event.found.boxes.tolist() == [pytest.approx([0.2, 0.2, 0.5, 0.5])]


def test_a_class_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"events: door: .*no class 'persn'; did you mean 'person'\?"):
        Watcher([Rule("door", ("persn",))], LABELS)
