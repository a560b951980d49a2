"""Keys of a window, and what they change."""

from __future__ import annotations

from typing import List

import pytest

from splitdet.sinks import keys
from splitdet.sinks.keys import Key, Look, View, key_of


@pytest.mark.parametrize(
    ("codes", "key"),
    [
        ([ord("q"), ord("Q"), 27], Key.QUIT),
        ([ord(" ")], Key.PAUSE),
        ([ord("s"), ord("S")], Key.SCREENSHOT),
        ([ord("f")], Key.FULL_SCREEN),
        ([ord("t")], Key.TEXT),
        ([ord("+"), ord("="), 0xFFAB], Key.RAISE),
        ([ord("-"), ord("_"), 0xFFAD], Key.LOWER),
        ([-1, ord("x"), 0, 13], Key.NONE),
        ([0x100000 + ord("q")], Key.QUIT),  # with number lock, under some versions of GTK
    ],
)
def test_each_key_has_its_meaning(codes: List[int], key: Key) -> None:
    assert [key_of(code) for code in codes] == [key] * len(codes)


def test_every_meaning_has_a_key() -> None:
    assert {key_of(code) for code in range(-1, 256)} == set(Key)


def test_space_stops_and_goes_on() -> None:
    view = View(text=True)
    view.press(Key.PAUSE)
    assert (view.paused, view.look().notes) == (True, ("paused",))
    view.press(Key.PAUSE)
    assert (view.paused, view.look().notes) == (False, ())


def test_the_text_goes_and_comes_back() -> None:
    view = View(text=False)
    assert not view.look().text
    view.press(Key.TEXT)
    assert view.look() == Look(text=True)


def test_full_screen_and_back() -> None:
    view = View(text=True)
    view.press(Key.FULL_SCREEN)
    assert view.full_screen
    view.press(Key.FULL_SCREEN)
    assert not view.full_screen


@pytest.mark.parametrize("key", [Key.NONE, Key.QUIT, Key.SCREENSHOT, Key.RAISE, Key.LOWER])
def test_other_keys_change_no_look(key: Key) -> None:
    view = View(text=True)
    view.press(key)
    assert view.look() == Look(text=True)


def test_a_message_stays_until_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    view = View(text=True)
    view.say("saved")
    assert view.look().notes == ("saved",)
    monkeypatch.setattr(keys, "NOTICE_S", 0.0)
    view.say("saved")
    assert view.look().notes == ()


def test_a_moved_threshold_is_told_and_hides_only_where_the_picture_stands_still() -> None:
    view = View(text=True)
    view.move_threshold(0.55)
    assert view.look() == Look(True, ("threshold 0.55",), 0.0)
    view.press(Key.PAUSE)
    assert view.look() == Look(True, ("paused", "threshold 0.55"), 0.55)
