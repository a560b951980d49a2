"""Where the layers of a network lie."""

from __future__ import annotations

from splitdet.engines.places import Layer, places

LAYERS = {
    "normalise": Layer(["image"], ["a"], False),
    "first": Layer(["a", "weights"], ["b"], True),
    "limit": Layer(["b"], ["c"], False),
    "second": Layer(["c"], ["d"], True),
    "head": Layer(["c"], ["e"], True),
    "size": Layer(["image"], ["f"], False),
    "decode": Layer(["d", "f"], ["g"], False),
    "join": Layer(["e", "g"], ["h"], False),
}
FOUND = dict(zip(LAYERS, places(list(LAYERS.values()))))


def test_only_what_lies_between_convolutions_is_not_outside() -> None:
    outside = [name for name, place in FOUND.items() if place.is_outside]
    assert outside == ["normalise", "size", "decode", "join"]


def test_the_first_convolutions_have_none_ahead_of_them() -> None:
    assert [name for name, place in FOUND.items() if place.is_first] == ["first"]


def test_the_last_convolutions_have_none_behind_them() -> None:
    assert [name for name, place in FOUND.items() if place.is_last] == ["second", "head"]


def test_a_network_without_convolutions_is_all_outside() -> None:
    assert all(place.is_outside for place in places([Layer(["a"], ["b"], False)]))
